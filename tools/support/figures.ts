/** The value below which the given share (0 to 1) of the sorted values lies; 0 for none. */
export const percentile = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** 3,792 */
export const grouped = (value: number): string => value.toLocaleString("en-GB");

/** Whole numbers from 100 on, one decimal below, two below 1. */
export const rounded = (value: number): string =>
  value >= 100 ? grouped(Math.round(value)) : value.toFixed(value >= 1 ? 1 : 2);

/** Occurrences per second since `began` (of `performance.now()`). */
export const perSecond = (count: number, began: number): number =>
  count / Math.max((performance.now() - began) / 1000, 0.001);

/** Counts things by name. */
export class Tally {
  readonly #counts = new Map<string, number>();
  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
  /** Most frequent first. */
  toObject(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a));
  }
}
