import { request as connect, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { reasonOf } from "./deliver.ts";
import type { Supervisor } from "./supervisor.ts";
import { WorkerGone } from "./worker.ts";

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
 * answer that upgrades nothing is passed on. Throws `WorkerGone` before anything was sent.
 */
export const openTunnel = async (
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { supervisor, path, headers, limit }: Tunnel,
): Promise<void> => {
  const worker = supervisor.worker();
  const ticket = worker.begin(() => undefined);
  const finish = () => worker.finish(ticket);
  try {
    const port = await worker.port;
    const outgoing = connect({
      ...{ host: "127.0.0.1", port, path, method: incoming.method, agent: false },
      headers: { ...incoming.headers, ...headers, "sb-request-id": ticket.id },
      timeout: limit,
    });
    await new Promise<void>((resolve, reject) => {
      outgoing.once("upgrade", (answer, upstream, first) => {
        client.write(headOf(answer));
        client.write(first);
        upstream.setTimeout(0);
        upstream.write(head);
        join(client, upstream, finish);
        resolve();
      });
      outgoing.once("response", (answer) => {
        client.write(headOf(answer, "connection: close"));
        answer.pipe(client);
        answer.once("close", finish);
        resolve();
      });
      outgoing.once("timeout", () =>
        outgoing.destroy(new WorkerGone("IDLE_TIMEOUT", "No answer.")),
      );
      outgoing.once("error", reject);
      client.once("close", () => outgoing.destroy());
      outgoing.end();
    });
  } catch (error) {
    finish();
    throw error instanceof WorkerGone ? error : await reasonOf(worker, error);
  }
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
