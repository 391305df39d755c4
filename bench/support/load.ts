import { percentile } from "../../tools/support/figures.ts";

export interface LoadResult {
  /** Units of work that ended well. */
  done: number;
  errors: number;
  seconds: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p95: number;
  p99: number;
  /** The first error's message. */
  firstError?: string;
}

export interface LoadOptions {
  workers: number;
  /** Ends after this time … */
  seconds?: number;
  /** … or this many units, whichever comes first. */
  count?: number;
}

/** A closed loop: every worker does the next unit as soon as its last one ended. */
export const load = async (
  { workers, seconds = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY }: LoadOptions,
  work: (worker: number, number: number) => Promise<void>,
): Promise<LoadResult> => {
  const times: number[] = [];
  let started = 0;
  let errors = 0;
  let firstError: string | undefined;
  const began = performance.now();
  const until = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (started < count && performance.now() < until) {
        const number = started++;
        const start = performance.now();
        try {
          await work(worker, number);
          times.push(performance.now() - start);
        } catch (error) {
          errors += 1;
          firstError ??= error instanceof Error ? error.message : String(error);
        }
      }
    }),
  );
  const took = (performance.now() - began) / 1000;
  const sorted = Float64Array.from(times).sort();
  return {
    done: times.length,
    errors,
    seconds: round(took, 2),
    perSecond: round(times.length / took, 1),
    p50: round(percentile(sorted, 0.5), 2),
    p95: round(percentile(sorted, 0.95), 2),
    p99: round(percentile(sorted, 0.99), 2),
    ...(firstError === undefined ? {} : { firstError }),
  };
};

export const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));

export const spreadOf = (milliseconds: readonly number[]) => {
  const sorted = Float64Array.from(milliseconds).sort();
  return {
    p50: round(percentile(sorted, 0.5), 1),
    p95: round(percentile(sorted, 0.95), 1),
    p99: round(percentile(sorted, 0.99), 1),
  };
};

/** The result with the middle throughput; its errors are those of all. */
export const middle = (results: readonly LoadResult[]): LoadResult => {
  const sorted = [...results].sort((a, b) => a.perSecond - b.perSecond);
  const chosen = sorted[Math.floor(sorted.length / 2)];
  if (!chosen) throw new Error("nothing was measured");
  const firstError = results.find((result) => result.firstError)?.firstError;
  return {
    ...chosen,
    errors: results.reduce((sum, { errors }) => sum + errors, 0),
    ...(firstError === undefined ? {} : { firstError }),
  };
};
