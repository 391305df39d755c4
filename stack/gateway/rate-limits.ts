import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { Refusal } from "./refusal.ts";
import type { GatewaySettings } from "./settings.ts";

export type LimitName = "ip" | "user" | "key";

export interface RateLimitPorts {
  /** The subject of a genuine token, undefined for any other. */
  userOf(token: string): Promise<string | undefined>;
  /** The name of a key of this project, undefined for what is none. */
  keyNameOf(apiKey: string): string | undefined;
  /** Hears of every request that was refused. */
  onLimited(limit: LimitName): void;
}

export interface Asked {
  address: string;
  apiKey: string | null | undefined;
  authorization: string | null | undefined;
}

export interface RateLimits {
  /** Counts a request; throws the `Refusal` with 429 when it is one too many. */
  take(asked: Asked): Promise<RateLimitHeaders>;
}

/** How much is left, of the limit that is nearest; empty when nothing is limited. */
export type RateLimitHeaders = Readonly<Record<string, string>>;

/** Seconds. */
const window = 60;

/** Counts requests by address, user and key, in fixed windows of a minute, in memory. */
export const createRateLimits = (
  settings: GatewaySettings["rateLimits"],
  ports: RateLimitPorts,
): RateLimits => {
  const limiter = (points: number) =>
    points > 0 ? new RateLimiterMemory({ points, duration: window }) : undefined;
  const limiters = {
    ip: limiter(settings.perIp),
    user: limiter(settings.perUser),
    key: limiter(settings.perKey),
  };

  const count = async (name: LimitName, key: string): Promise<Left | undefined> => {
    const own = limiters[name];
    if (!own) return undefined;
    try {
      return { limit: own.points, state: await own.consume(key) };
    } catch (state) {
      if (!(state instanceof RateLimiterRes)) throw state;
      ports.onLimited(name);
      throw tooMany(name, { limit: own.points, state });
    }
  };

  return {
    take: async ({ address, apiKey, authorization }) => {
      let nearest = await count("ip", address);
      const token = limiters.user && tokenOf(authorization);
      const user = token && (await ports.userOf(token));
      if (user) nearest = nearer(nearest, await count("user", user));
      const key = limiters.key && apiKey ? ports.keyNameOf(apiKey) : undefined;
      if (key) nearest = nearer(nearest, await count("key", key));
      return nearest ? headersOf(nearest) : {};
    },
  };
};

interface Left {
  limit: number;
  state: RateLimiterRes;
}

const nearer = (one: Left | undefined, other: Left | undefined): Left | undefined => {
  if (!one || !other) return one ?? other;
  return one.state.remainingPoints <= other.state.remainingPoints ? one : other;
};

/** A bearer token that may be a user's: opaque keys are none. */
const tokenOf = (authorization: string | null | undefined): string | undefined => {
  if (authorization?.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  const token = authorization.slice(7).trim();
  return token.startsWith("sb_") ? undefined : token;
};

const secondsLeft = ({ state }: Left) => Math.max(1, Math.ceil(state.msBeforeNext / 1000));

const headersOf = (left: Left): RateLimitHeaders => ({
  "ratelimit-limit": String(left.limit),
  "ratelimit-remaining": String(left.state.remainingPoints),
  "ratelimit-reset": String(secondsLeft(left)),
});

const whose = { ip: "address", user: "user", key: "API key" } as const;

const tooMany = (name: LimitName, left: Left): Refusal =>
  new Refusal(
    429,
    "over_request_rate_limit",
    `This ${whose[name]} sends more than ${left.limit} requests a minute.`,
    "Wait as long as the header Retry-After says.",
    { ...headersOf(left), "retry-after": String(secondsLeft(left)) },
  );
