/** One assertion of a pgTAP file. */
export interface TapLine {
  name: string;
  passed: boolean;
  /** What pgTAP says about a failure. */
  diagnostics: string;
}

/**
 * Reads what a pgTAP file printed: its assertions, and one more that fails when not as many ran as
 * were planned.
 */
export const readTap = (output: readonly string[]): TapLine[] => {
  const lines: TapLine[] = [];
  let planned: number | undefined;
  for (const text of output.flatMap((row) => row.split("\n"))) {
    const plan = /^1\.\.(\d+)/.exec(text);
    const result = /^(not )?ok \d+(?: - (.*))?$/.exec(text);
    const last = lines.at(-1);
    if (plan) planned = Number(plan[1]);
    else if (result) {
      lines.push({ name: result[2] ?? "(unnamed)", passed: !result[1], diagnostics: "" });
    } else if (last) last.diagnostics += `${text}\n`;
  }
  if (planned !== lines.length) {
    lines.push({
      name: "runs as many assertions as it plans",
      passed: false,
      diagnostics: `planned ${planned ?? "nothing"}, ran ${lines.length}`,
    });
  }
  return lines;
};
