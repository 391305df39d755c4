import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { dataHeaders, fileHeaders, functionHeaders } from "./security-headers.ts";
import type { GatewaySettings } from "./settings.ts";

/** Answers a request; `peer` is the client's address. */
export type Fetch = (request: Request, peer?: string) => Promise<Response>;

export interface Service {
  name: string;
  prefix: string;
  fetch: Fetch;
  /** What its answers carry unless they say otherwise. */
  headers: Readonly<Record<string, string>>;
  /** `whole`: read before the service sees the request, so that it is small and text is text. */
  body: "whole" | "stream";
  /** Largest body, in bytes. */
  limit: number;
  /** Functions answer for CORS themselves, as on Supabase. */
  ownCors?: boolean;
  /** For those who watch the stack, also when nobody else is let in. */
  isUnlimited?: boolean;
}

export type HandleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** A service that takes WebSockets too. */
export interface SocketService {
  fetch: Fetch;
  handleUpgrade: HandleUpgrade;
}

export interface ServicePorts {
  rest: Fetch;
  auth: Fetch;
  storage: Fetch;
  functions: SocketService;
  realtime: SocketService;
  /** `/health` and `/metrics`. */
  operations: Fetch;
}

/** Who answers which paths: those of every Supabase project, and two for operators. */
export const serviceTable = (
  ports: ServicePorts,
  sizes: GatewaySettings["sizes"],
): readonly Service[] => {
  const data = { headers: dataHeaders, body: "whole", limit: sizes.body } as const;
  return [
    { name: "rest", prefix: "/rest/v1/", fetch: ports.rest, ...data },
    { name: "auth", prefix: "/auth/v1/", fetch: ports.auth, ...data },
    {
      name: "storage",
      prefix: "/storage/v1/",
      fetch: ports.storage,
      headers: fileHeaders,
      body: "stream",
      // Storage knows its buckets' limits.
      limit: Number.POSITIVE_INFINITY,
    },
    {
      name: "functions",
      prefix: "/functions/v1/",
      fetch: ports.functions.fetch,
      headers: functionHeaders,
      body: "stream",
      limit: sizes.functionBody,
      ownCors: true,
    },
    { name: "realtime", prefix: "/realtime/v1/api/", fetch: ports.realtime.fetch, ...data },
    { name: "health", prefix: "/health", fetch: ports.operations, ...data, isUnlimited: true },
    { name: "metrics", prefix: "/metrics", fetch: ports.operations, ...data, isUnlimited: true },
  ];
};

/** Who takes the WebSockets below which path. */
export const socketTable = ({ realtime, functions }: ServicePorts) =>
  [
    { prefix: "/realtime/v1/websocket", handle: realtime.handleUpgrade },
    { prefix: "/functions/v1/", handle: functions.handleUpgrade },
  ] as const;
