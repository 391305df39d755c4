import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { TextResponse } from "../text-response.ts";
import { type Refusal, rawAnswer, refusalBody } from "./refusal.ts";

type Headings = Readonly<Record<string, string>>;

/** Sends an answer in one piece; nothing is left to do for the listener. */
export const sendText = (answer: TextResponse, outgoing: ServerResponse): Response => {
  answer.headers.set("content-length", String(Buffer.byteLength(answer.content)));
  // As a list, since a name may come several times.
  outgoing.writeHead(answer.status, [...answer.headers].flat());
  outgoing.end(answer.content);
  return RESPONSE_ALREADY_SENT;
};

/** How long, and for how many bytes, a client may still send what nobody will read. */
const linger = { milliseconds: 2_000, bytes: 64 * 1024 * 1024 };

/**
 * Refuses a request whose body was not read, and hangs up. The connection stays open until the
 * client has stopped sending: cut off while it sends, it would never see the answer.
 */
export const refuseUnread = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  refusal: Refusal,
  headers: Headings,
): void => {
  const body = refusalBody(refusal);
  outgoing.writeHead(refusal.status, {
    ...headers,
    ...refusal.headers,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    connection: "close",
  });
  outgoing.write(body);
  let left = linger.bytes;
  const hangUp = () => outgoing.end();
  const timer = setTimeout(hangUp, linger.milliseconds);
  incoming.on("data", (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) hangUp();
  });
  incoming.once("end", hangUp);
  outgoing.once("close", () => clearTimeout(timer));
  incoming.resume();
};

/** Answers on a connection that carries no request, or one that cannot be read, and hangs up. */
export const refuseConnection = (socket: Duplex, refusal: Refusal, headers: Headings): void => {
  socket.on("error", () => socket.destroy());
  socket.end(rawAnswer(refusal, headers));
  // A client that does not hang up in turn is not waited for.
  setTimeout(() => socket.destroy(), linger.milliseconds).unref();
};
