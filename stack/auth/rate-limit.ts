/** Lets `limit` events through at once and then `limit` per hour, counted per key. */
export interface HourlyLimit {
  /** Takes one event; false when the key has used up its share. */
  take(key: string): boolean;
}

const hour = 3_600_000;

/** Keys remembered before those that are full again are forgotten. */
const crowd = 10_000;

export const createHourlyLimit = (limit: number, now: () => number = Date.now): HourlyLimit => {
  const buckets = new Map<string, { left: number; at: number }>();

  const forgetRested = (time: number) => {
    for (const [key, bucket] of buckets) {
      if (bucket.left + ((time - bucket.at) * limit) / hour >= limit) buckets.delete(key);
    }
  };

  return {
    take: (key) => {
      const time = now();
      const bucket = buckets.get(key) ?? { left: limit, at: time };
      const left = Math.min(limit, bucket.left + ((time - bucket.at) * limit) / hour);
      const granted = left >= 1;
      buckets.set(key, { left: granted ? left - 1 : left, at: time });
      if (buckets.size > crowd) forgetRested(time);
      return granted;
    },
  };
};
