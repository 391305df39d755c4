import { request as connect, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { NoAnswerInTime } from "./forward.ts";
import { passThrough } from "./passage.ts";
import type { Supervisor } from "./supervisor.ts";

export interface Tunnel {
  supervisor: Supervisor;
  /** Path and query as the function sees them. */
  path: string;
  headers: Record<string, string>;
  /** Milliseconds until the function must have accepted the socket. */
  limit: number;
}

/**
 * Connects a client's WebSocket with the function that upgrades it (`Deno.upgradeWebSocket`); an
 * answer that upgrades nothing is passed on. Rejects before anything was sent to the client.
 */
export const openTunnel = async (
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { supervisor, path, headers, limit }: Tunnel,
): Promise<void> => {
  const send = (port: number, { id }: { id: string }, onEnd: () => void) =>
    new Promise<void>((resolve, reject) => {
      const outgoing = connect({
        ...{ host: "127.0.0.1", port, path, method: incoming.method, agent: false },
        headers: { ...incoming.headers, ...headers, "sb-delivery-id": id },
      });
      const timer = setTimeout(() => outgoing.destroy(new NoAnswerInTime()), limit);
      const leave = () => outgoing.destroy(new Error("The client has gone."));
      client.once("close", leave);
      const answered = () => {
        clearTimeout(timer);
        client.off("close", leave);
        resolve();
      };
      outgoing.once("upgrade", (answer, upstream, first) => {
        client.write(headOf(answer));
        client.write(first);
        upstream.write(head);
        join(client, upstream, onEnd);
        answered();
      });
      outgoing.once("response", (answer) => {
        client.write(headOf(answer, "connection: close"));
        answer.pipe(client);
        answer.once("close", onEnd);
        answered();
      });
      outgoing.once("error", (error) => {
        clearTimeout(timer);
        client.off("close", leave);
        reject(error);
      });
      outgoing.end();
    });
  await passThrough({ supervisor, send, isWhole: () => true, isLeft: () => client.destroyed });
};

/** Each ends when the other does. */
const join = (client: Duplex, upstream: Duplex, onEnd: () => void) => {
  client.pipe(upstream).pipe(client);
  for (const [side, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    side.once("error", () => other.destroy());
    side.once("close", () => other.destroy());
  }
  upstream.once("close", onEnd);
};

const headOf = (answer: IncomingMessage, ...more: string[]): string => {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index] ?? "";
    // The body is read and written anew, so it is no longer sent in chunks.
    if (name.toLowerCase() === "transfer-encoding") continue;
    lines.push(`${name}: ${answer.rawHeaders[index + 1]}`);
  }
  return `${[...lines, ...more].join("\r\n")}\r\n\r\n`;
};

/** An answer of ours to a client that wanted to upgrade. */
export const refuseUpgrade = async (client: Duplex, response: Response): Promise<void> => {
  const body = await response.text();
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  client.end(
    `HTTP/1.1 ${response.status} ${response.statusText || "Refused"}\r\n${headers}` +
      `connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};
