import { invalid } from "../auth-error.ts";
import { seconds } from "../duration.ts";

/** The end of the year 9999, the last that an ISO text writes with four digits. */
const lastInstant = Date.UTC(9999, 11, 31);

/** The instant at which `ban_duration` ends, null for `none`; throws for what is no duration. */
export const bannedUntil = (duration: string, now = Date.now()): string | null => {
  if (duration === "none") return null;
  const length = seconds(duration);
  if (length === null) {
    throw invalid(
      `invalid format for ban duration: time: invalid duration ${JSON.stringify(duration)}`,
    );
  }
  if (length === 0) return null;
  return new Date(Math.min(now + length * 1000, lastInstant)).toISOString();
};
