const LONGEST_TIMER = 2 ** 31 - 1;

export interface Schedule {
  /** Seconds since 1970. */
  now(): number;
  /** Runs `task` once when the clock reaches `at` (seconds); a second call with the key replaces the first. */
  at(key: string, at: number, task: () => void): void;
  cancel(key: string): void;
  /** Moves the clock and runs what became due, oldest first. */
  advance(seconds: number): void;
  clear(): void;
}

/** Deadlines on one timer, on a clock that tests can move forward. `onError` gets what a task throws. */
export const createSchedule = (onError: (error: unknown) => void): Schedule => {
  const tasks = new Map<string, { at: number; task: () => void }>();
  let offset = 0;
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;

  const now = () => Math.floor(Date.now() / 1000) + offset;

  // A cancelled task leaves the timer as it is: it fires, finds nothing due and is set anew.
  const armFor = (at: number) => {
    if (at >= armedFor) return;
    armedFor = at;
    clearTimeout(timer);
    const wait = Math.max(0, (at - offset) * 1000 - Date.now());
    timer = setTimeout(runDue, Math.min(wait, LONGEST_TIMER));
    timer.unref();
  };
  const runDue = () => {
    const due = [...tasks].filter(([, { at }]) => at <= now()).sort(([, a], [, b]) => a.at - b.at);
    for (const [key, { task }] of due) {
      tasks.delete(key);
      try {
        task();
      } catch (error) {
        onError(error);
      }
    }
    armedFor = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of tasks.values()) next = Math.min(next, at);
    armFor(next);
  };

  return {
    now,
    at: (key, at, task) => {
      tasks.set(key, { at, task });
      armFor(at);
    },
    cancel: (key) => {
      tasks.delete(key);
    },
    advance: (seconds) => {
      offset += seconds;
      runDue();
    },
    clear: () => {
      tasks.clear();
      clearTimeout(timer);
      armedFor = Number.POSITIVE_INFINITY;
    },
  };
};
