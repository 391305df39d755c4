import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Fetch } from "./gateway/gateway.ts";

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

export const serveFetch = (fetch: Fetch, port: number): Promise<Server> =>
  listenOn(createServer(listenerOf(fetch)), port);

/** Ends a server and the connections that clients keep open to it. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
