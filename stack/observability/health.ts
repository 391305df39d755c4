type State = { status: "ok" } | { status: "unavailable"; reason: string };

/** Throws, or takes too long, when the part cannot do its work. */
export type Check = () => Promise<unknown> | unknown;

export interface Health {
  status: "ok" | "unavailable";
  components: Record<string, State>;
}

/** Milliseconds. */
const patience = 5_000;
/** For which a report is given again, so that asking often costs nothing. */
const freshness = 500;

/** Asks every part whether it can work. */
export const createHealth = (
  checks: Readonly<Record<string, Check>>,
  limit = patience,
): (() => Promise<Health>) => {
  let last: { at: number; report: Promise<Health> } | undefined;

  const ask = async (): Promise<Health> => {
    const states = await Promise.all(
      Object.entries(checks).map(
        async ([name, check]) => [name, await stateOf(check, limit)] as const,
      ),
    );
    const components = Object.fromEntries(states);
    const isWell = states.every(([, { status }]) => status === "ok");
    return { status: isWell ? "ok" : "unavailable", components };
  };

  return () => {
    const now = performance.now();
    if (!last || now - last.at > freshness) last = { at: now, report: ask() };
    return last.report;
  };
};

const stateOf = async (check: Check, limit: number): Promise<State> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit / 1000} s`)), limit);
  });
  try {
    await Promise.race([check(), late]);
    return { status: "ok" };
  } catch (error) {
    return { status: "unavailable", reason: error instanceof Error ? error.message : "it failed" };
  } finally {
    clearTimeout(timer);
  }
};
