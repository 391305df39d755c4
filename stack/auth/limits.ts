import { AuthError } from "./auth-error.ts";
import type { AuthSettings } from "./settings.ts";

/** A bucket of tokens per key, refilled steadily: how GoTrue counts. */
export interface Limit {
  /** Takes one token; throws `AuthError` 429 when the key's bucket is empty. */
  take(key: string): void;
}

interface Bucket {
  left: number;
  /** Milliseconds since the epoch when `left` was right. */
  at: number;
}

export interface LimitOptions {
  /** Tokens in a full bucket. */
  burst: number;
  /** Tokens that come back per second. */
  perSecond: number;
  refusal: { code: string; message: string };
  now?: () => number;
}

/** Keys remembered before those whose bucket is full again are forgotten. */
const crowd = 10_000;

export const createLimit = ({ burst, perSecond, refusal, now = Date.now }: LimitOptions): Limit => {
  const buckets = new Map<string, Bucket>();

  const filledAt = (bucket: Bucket, time: number) =>
    Math.min(burst, bucket.left + ((time - bucket.at) / 1000) * perSecond);

  const forgetRested = (time: number) => {
    for (const [key, bucket] of buckets) {
      if (filledAt(bucket, time) >= burst) buckets.delete(key);
    }
  };

  return {
    take: (key) => {
      const time = now();
      const left = filledAt(buckets.get(key) ?? { left: burst, at: time }, time);
      if (left < 1) {
        const retryAfter = perSecond > 0 ? Math.ceil((1 - left) / perSecond) : 3600;
        throw new AuthError(429, refusal.code, refusal.message, { retryAfter });
      }
      buckets.set(key, { left: left - 1, at: time });
      if (buckets.size > crowd) forgetRested(time);
    },
  };
};

export interface Limits {
  /** Sign-ups with an address. */
  signUps: Limit;
  guests: Limit;
  /** Every grant of POST /token. */
  tokens: Limit;
  verifications: Limit;
  recoveries: Limit;
  resends: Limit;
  codes: Limit;
  magicLinks: Limit;
  userChanges: Limit;
  /** Challenges and verifications of factors, one bucket each. */
  factorChallenges: Limit;
  factorVerifications: Limit;
  /** Mails of the whole project: take it with one and the same key. */
  mails: Limit;
}

const tooManyRequests = { code: "over_request_rate_limit", message: "Request rate limit reached" };
const tooManyMails = { code: "over_email_send_rate_limit", message: "email rate limit exceeded" };

/** However low the rate, so many requests may come at once, as in GoTrue. */
const burst = 30;

/** What GoTrue allows per minute without being told otherwise; the CLI has no key for it. */
const factorsPerMinute = 15;

const perFiveMinutes = (amount: number) =>
  createLimit({ burst, perSecond: amount / 300, refusal: tooManyRequests });

const perHour = (amount: number, refusal: LimitOptions["refusal"]) =>
  createLimit({ burst: amount, perSecond: amount / 3600, refusal });

const perMinute = (amount: number) =>
  createLimit({ burst, perSecond: amount / 60, refusal: tooManyRequests });

const noLimit: Limit = { take: () => undefined };

/** Without confirmations GoTrue counts no mails, and the CLI sets a limit only with SMTP. */
const countsMails = ({ smtp, enable_confirmations }: AuthSettings["email"]): boolean =>
  Boolean(smtp?.enabled) && enable_confirmations;

/** The limits of `[auth.rate_limit]`, each with buckets of its own. */
export const createLimits = ({ rate_limit, email }: AuthSettings): Limits => ({
  signUps: perFiveMinutes(rate_limit.sign_in_sign_ups),
  guests: perHour(rate_limit.anonymous_users, tooManyRequests),
  tokens: perFiveMinutes(rate_limit.token_refresh),
  verifications: perFiveMinutes(rate_limit.token_verifications),
  recoveries: perFiveMinutes(rate_limit.sign_in_sign_ups),
  resends: perFiveMinutes(rate_limit.sign_in_sign_ups),
  codes: perFiveMinutes(rate_limit.sign_in_sign_ups),
  magicLinks: perFiveMinutes(rate_limit.sign_in_sign_ups),
  userChanges: perFiveMinutes(rate_limit.sign_in_sign_ups),
  factorChallenges: perMinute(factorsPerMinute),
  factorVerifications: perMinute(factorsPerMinute),
  mails: countsMails(email) ? perHour(rate_limit.email_sent, tooManyMails) : noLimit,
});
