import { Cron } from "croner";

/**
 * Whether a job is due in the given second. Takes what pg_cron takes: five cron fields in UTC, or
 * "N seconds". https://github.com/citusdata/pg_cron#what-is-pg_cron
 */
export const cronMatches = (schedule: string, at: Date): boolean => {
  const [, seconds] = /^(\d+) seconds?$/.exec(schedule) ?? [];
  if (seconds) return Math.floor(at.getTime() / 1000) % Number(seconds) === 0;
  if (at.getUTCSeconds() !== 0) return false;
  const cron = new Cron(schedule, { paused: true, timezone: "UTC" });
  return cron.nextRun(new Date(at.getTime() - 1000))?.getTime() === at.getTime();
};
