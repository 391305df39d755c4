import { z } from "zod";
import { UsageProblem } from "./command-line.ts";
import { readCsv } from "./csv.ts";
import type { Input } from "./input.ts";
import { type Line, readLines } from "./lines.ts";

/** One row of a file by column name, or what is wrong with the line. */
export type FileRecord =
  | { line: number; values: Readonly<Record<string, unknown>> }
  | { line: number; problem: string };

export interface RecordReader {
  /** The header's columns; absent for NDJSON, where every row names its own. */
  columns?: string[];
  records: AsyncIterable<FileRecord>;
}

/** Reads CSV with a header, or NDJSON, row by row; throws UsageProblem when there is no header. */
export const readRecords = async (
  input: Input,
  options: { delimiter?: string | undefined } = {},
): Promise<RecordReader> => {
  const lines = readLines(input.bytes);
  if (input.format === "ndjson") return { records: jsonRecords(lines) };

  const entries = readCsv(lines, options.delimiter);
  const first = await entries.next();
  if (first.done) throw new UsageProblem(`${input.name} is empty.`);
  if ("problem" in first.value) {
    throw new UsageProblem(`${input.name}, line ${first.value.line}: ${first.value.problem}.`);
  }
  const { line } = first.value;
  const columns = first.value.fields.map((name) => name.trim());
  const repeated = columns.find((name, at) => name !== "" && columns.indexOf(name) !== at);
  if (repeated !== undefined) {
    throw new UsageProblem(
      `${input.name}, line ${line}: the column "${repeated}" stands there twice.`,
    );
  }
  return { columns, records: csvRecords(entries, columns) };
};

async function* csvRecords(
  entries: ReturnType<typeof readCsv>,
  columns: readonly string[],
): AsyncGenerator<FileRecord> {
  for await (const entry of entries) {
    if ("problem" in entry) {
      yield entry;
    } else if (entry.fields.length !== columns.length) {
      const { line, fields } = entry;
      yield { line, problem: `${count(fields.length)}, but the header has ${columns.length}` };
    } else {
      const pairs = columns.map((column, at) => [column, entry.fields[at] ?? ""]);
      yield { line: entry.line, values: Object.fromEntries(pairs) };
    }
  }
}

const count = (columns: number) => (columns === 1 ? "1 column" : `${columns} columns`);

async function* jsonRecords(lines: AsyncIterable<Line>): AsyncGenerator<FileRecord> {
  for await (const { number, text, problem } of lines) {
    if (text === undefined) yield { line: number, problem: problem ?? "the line cannot be read" };
    else if (text.trim() !== "") yield { line: number, ...jsonObject(text) };
  }
}

const JsonRow = z.record(z.string(), z.unknown());

const jsonObject = (
  text: string,
): { values: Readonly<Record<string, unknown>> } | { problem: string } => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "the line is not valid JSON" };
  }
  const row = JsonRow.safeParse(value);
  return row.success ? { values: row.data } : { problem: "the line is not a JSON object" };
};
