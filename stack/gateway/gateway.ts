import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { listenerOf } from "../listen.ts";
import { BodyRefused, withBoundedBody } from "./body.ts";

/** Answers a request; `peer` is the client's address. */
export type Fetch = (request: Request, peer?: string) => Promise<Response>;

export interface GatewayPorts {
  rest: Fetch;
  auth: Fetch;
  storage: Fetch;
  functions: Fetch;
  realtime: {
    fetch: Fetch;
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  };
  log(message: string): void;
}

/** Largest body that REST and Auth read; imports go in batches well below it. */
const bodyLimit = 8 * 1024 * 1024;

const problem = (status: number, code: string, message: string, hint: string | null = null) =>
  Response.json(
    { code, message, details: null, hint },
    { status, headers: { "access-control-allow-origin": "*" } },
  );

/** The one address that clients talk to: paths as on every Supabase project. */
export const createGateway = (ports: GatewayPorts): Server => {
  const routes: [prefix: string, fetch: Fetch][] = [
    ["/rest/v1/", bounded(ports.rest)],
    ["/auth/v1/", bounded(ports.auth)],
    ["/storage/v1/", ports.storage],
    ["/functions/v1/", ports.functions],
    ["/realtime/v1/api/", bounded(ports.realtime.fetch)],
  ];

  const fetch: Fetch = async (request, peer) => {
    const path = new URL(request.url).pathname;
    const route = routes.find(([prefix]) => path.startsWith(prefix));
    if (!route) return problem(404, "not_found", `There is nothing at ${path}.`);
    try {
      return await route[1](request, peer);
    } catch (error) {
      if (error instanceof BodyRefused) {
        return problem(error.status, error.code, error.message, error.hint);
      }
      ports.log(
        `${request.method} ${path} failed: ${error instanceof Error ? error.stack : error}`,
      );
      return problem(500, "internal", "The local stack failed; its log says more.");
    }
  };

  const server = createServer(
    { requestTimeout: 300_000, headersTimeout: 20_000 },
    listenerOf(fetch),
  );
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.startsWith("/realtime/v1/websocket")) {
      ports.realtime.handleUpgrade(request, socket, head);
    } else {
      socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    }
  });
  return server;
};

const bounded =
  (fetch: Fetch): Fetch =>
  async (request, peer) =>
    fetch(await withBoundedBody(request, bodyLimit), peer);
