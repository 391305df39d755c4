import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "../observability/log.ts";
import { refuseConnection } from "./answer.ts";
import type { Client } from "./client.ts";
import { Refusal } from "./refusal.ts";
import { requestIdOf } from "./request-id.ts";
import { dataHeaders } from "./security-headers.ts";
import type { HandleUpgrade } from "./services.ts";

export interface UpgradePorts {
  /** Who asks; throws the `Refusal` of a request that may not come in. */
  admit(incoming: IncomingMessage): Promise<Client>;
  services: readonly { prefix: string; handle: HandleUpgrade }[];
  log: Logger;
}

/** Gives sockets to the services that take them, under the same limits as requests. */
export const serveUpgrades = (server: Server, { admit, services, log }: UpgradePorts): void => {
  const take = async (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { address } = await admit(incoming);
    const service = services.find(({ prefix }) => incoming.url?.startsWith(prefix));
    if (!service) throw new Refusal(404, "not_found", "There is no WebSocket at this address.");
    setHeader(incoming, "x-request-id", requestIdOf(incoming.headers));
    setHeader(incoming, "x-forwarded-for", address);
    service.handle(incoming, socket, head);
  };

  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const drop = () => socket.destroy();
    socket.on("error", drop);
    if (incoming.headers.upgrade?.toLowerCase() !== "websocket") {
      return stayWithHttp(server, incoming, socket, head);
    }
    take(incoming, socket, head).catch((error: unknown) => {
      if (error instanceof Refusal) return refuseConnection(socket, error, dataHeaders);
      log.error({ err: error }, "an upgrade failed");
      drop();
    });
  });
};

/** In both forms that Node keeps of them. */
const setHeader = (incoming: IncomingMessage, name: string, value: string): void => {
  incoming.headers[name] = value;
  incoming.headersDistinct[name] = [value];
};

const aboutUpgrades = new Set(["upgrade", "connection", "http2-settings"]);

/**
 * Some clients offer HTTP/2 with every request (`Upgrade: h2c`). Servers may pass over the offer,
 * but Node hands the bare connection out: it is put back with the same request minus the offer.
 */
const stayWithHttp = (
  server: Server,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void => {
  const { method, url, httpVersion, rawHeaders } = incoming;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!aboutUpgrades.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
};
