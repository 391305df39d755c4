import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { withHeaders } from "./gateway/security-headers.ts";
import type { Fetch } from "./gateway/services.ts";

/** Starts an HTTP server on loopback; resolves once it listens. */
export const listenOn = async (server: Server, port: number): Promise<Server> => {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
  return server;
};

/** A web-standard handler as a Node request listener; the handler is told the client's address. */
export const listenerOf = (fetch: Fetch) =>
  getRequestListener((request, { incoming }) => fetch(request, incoming.socket.remoteAddress), {
    overrideGlobalObjects: false,
  });

/** Serves a handler; its answers carry `headers` where they do not say otherwise. */
export const serveFetch = (
  fetch: Fetch,
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Server> => {
  const answer: Fetch = async (request, peer) => withHeaders(await fetch(request, peer), headers);
  const server = createServer(
    { headersTimeout: 20_000, requestTimeout: 60_000 },
    listenerOf(answer),
  );
  return listenOn(server, port);
};

/** Ends a server and the connections that clients keep open to it. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
