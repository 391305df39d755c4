import { z } from "zod";
import { readSettings } from "../settings.ts";

/** How the API's door behaves; what people may set stands in the environment, see `Environment`. */
export interface GatewaySettings {
  /** Origins whose pages may read answers, or `*` for any, as on Supabase. */
  corsOrigins: "*" | readonly string[];
  /** Proxies in front whose `x-forwarded-*` is believed; 0: nobody's is. */
  trustedProxies: number;
  /** Requests a minute; 0: no limit. */
  rateLimits: { perIp: number; perUser: number; perKey: number };
  /** Connections that one address may hold at once. */
  connectionsPerIp: number;
  /** Share of requests that are logged, from 0 to 1; failures always are. */
  accessLog: number;
  /** Bytes. */
  sizes: {
    /** A request's path and query: Supabase's own edge takes as much. */
    url: number;
    /** Request line and headers together. */
    head: number;
    /** Bodies that are read before a service sees them; imports go in batches well below it. */
    body: number;
    /** Bodies that functions read as they come. */
    functionBody: number;
  };
  /** Most header lines of a request. */
  headerLines: number;
  /** Milliseconds. */
  times: {
    /** Until a request's head must have arrived. */
    head: number;
    /** How long a body may come slower than `bodyRate`. */
    bodyGrace: number;
    /** Until a body that is read before its service must have arrived. */
    body: number;
    /** Until a client that neither sends nor reads what it asked for is given up. */
    stalled: number;
    /** For which an idle connection is kept open; above the usual minute of proxies in front. */
    keepAlive: number;
  };
  /** Bytes a second that a body must bring on average, once its grace is over. */
  bodyRate: number;
}

const Count = z.coerce.number().int().min(0);

const Origins = z
  .string()
  .transform((text) => text.split(",").map((origin) => origin.trim().replace(/\/$/, "")))
  .pipe(z.array(z.literal("*").or(z.url())))
  .transform((origins) => (origins.includes("*") ? ("*" as const) : origins));

const Environment = z.object({
  SUPAMARKET_CORS_ORIGINS: Origins.default("*"),
  SUPAMARKET_TRUST_PROXY: Count.default(0),
  // One machine at full load, every test and benchmark included, stays far below these.
  SUPAMARKET_RATE_LIMIT_PER_IP: Count.default(1_200_000),
  SUPAMARKET_RATE_LIMIT_PER_USER: Count.default(600_000),
  SUPAMARKET_RATE_LIMIT_PER_KEY: Count.default(0),
  SUPAMARKET_CONNECTIONS_PER_IP: Count.min(1).default(20_000),
  SUPAMARKET_ACCESS_LOG: z.coerce.number().min(0).max(1).default(0),
});

/** The settings that the environment asks for; throws `SettingProblem`. */
export const gatewaySettings = (environment: NodeJS.ProcessEnv = {}): GatewaySettings => {
  const data = readSettings(Environment, environment);
  return {
    corsOrigins: data.SUPAMARKET_CORS_ORIGINS,
    trustedProxies: data.SUPAMARKET_TRUST_PROXY,
    rateLimits: {
      perIp: data.SUPAMARKET_RATE_LIMIT_PER_IP,
      perUser: data.SUPAMARKET_RATE_LIMIT_PER_USER,
      perKey: data.SUPAMARKET_RATE_LIMIT_PER_KEY,
    },
    connectionsPerIp: data.SUPAMARKET_CONNECTIONS_PER_IP,
    accessLog: data.SUPAMARKET_ACCESS_LOG,
    sizes: {
      url: 16 * 1024,
      head: 64 * 1024,
      body: 8 * 1024 * 1024,
      functionBody: 100 * 1024 * 1024,
    },
    headerLines: 128,
    times: { head: 20_000, bodyGrace: 15_000, body: 120_000, stalled: 600_000, keepAlive: 65_000 },
    bodyRate: 1024,
  };
};
