import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { refuseConnection } from "./answer.ts";
import { headersTooLarge, Refusal } from "./refusal.ts";
import { dataHeaders } from "./security-headers.ts";

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

const refusalOf = (error: Error): Refusal => {
  switch (codeOf(error)) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new Refusal(408, "request_timeout", "The request came too slowly.");
    case "HPE_HEADER_OVERFLOW":
      return headersTooLarge();
    default:
      return new Refusal(400, "malformed_request", "This is no valid HTTP request.");
  }
};

export interface Connections {
  /** Connections open now. */
  count(): number;
}

/**
 * Looks after connections before there is a request on them: how many an address may hold, and an
 * answer of the API's own shape to what is not HTTP, too large or too slow.
 */
export const guardConnections = (server: Server, limits: { perIp: number }): Connections => {
  const open = new Map<string, number>();
  let total = 0;

  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "unknown";
    const held = (open.get(address) ?? 0) + 1;
    open.set(address, held);
    total += 1;
    socket.once("close", () => {
      total -= 1;
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (held <= limits.perIp) return;
    const refusal = new Refusal(
      429,
      "too_many_connections",
      "This address holds too many connections.",
      "Close some, or use them for more than one request.",
      { "retry-after": "1" },
    );
    refuseConnection(socket, refusal, dataHeaders);
  });

  const answering = new WeakMap<Duplex, ServerResponse>();
  server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answering.set(incoming.socket, outgoing);
  });
  server.on("clientError", (error, socket) => {
    const answer = answering.get(socket);
    const isAnswered = answer?.headersSent && !answer.writableFinished;
    // Two answers to one request would be worse than none.
    if (!socket.writable || codeOf(error) === "ECONNRESET" || isAnswered) socket.destroy();
    else refuseConnection(socket, refusalOf(error), dataHeaders);
  });

  return { count: () => total };
};
