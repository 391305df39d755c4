import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import pino from "pino";
import { createGateway, type GatewayPorts } from "../../../stack/gateway/gateway.ts";
import { type GatewaySettings, gatewaySettings } from "../../../stack/gateway/settings.ts";
import { closeServer, listenOn } from "../../../stack/listen.ts";
import { createMetrics } from "../../../stack/observability/metrics.ts";

export type Entry = Record<string, unknown>;

export interface Door {
  url: string;
  /** What was logged, parsed. */
  log: Entry[];
  metrics(): Promise<string>;
  /** Sends bytes as they are; resolves with all that came back when the server hung up. */
  raw(bytes: string | Buffer): Promise<string>;
  connect(): Promise<Socket>;
  stop(): Promise<void>;
}

/** Says what arrived, so that tests see what a service would have seen. */
const echo: GatewayPorts["rest"] = async (request, peer) =>
  Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
    peer,
  });

/** A service that hangs up on every WebSocket. */
export const withSockets = (fetch: GatewayPorts["rest"]): GatewayPorts["functions"] => ({
  fetch,
  handleUpgrade: (_request, socket) => socket.destroy(),
});

/** A gateway alone, before services that only echo, on a port of its own. */
export const openDoor = async (
  settings: Partial<GatewaySettings> = {},
  ports: Partial<GatewayPorts> = {},
): Promise<Door> => {
  const log: Entry[] = [];
  const metrics = createMetrics({
    databaseSeconds: async () => 0.001,
    cache: async () => ({ hits: 0, reads: 0 }),
    queues: async () => [],
    realtime: () => ({ connections: 0, channels: 0, messages: 0 }),
    functions: () => ({ workers: 0, restarts: 0 }),
  });
  const server = createGateway(
    {
      rest: echo,
      auth: echo,
      storage: echo,
      functions: withSockets(echo),
      realtime: withSockets(echo),
      operations: echo,
      userOf: async () => undefined,
      keyNameOf: () => undefined,
      metrics,
      log: pino({ level: "debug" }, { write: (line) => void log.push(JSON.parse(line)) }),
      ...ports,
    },
    { ...gatewaySettings(), ...settings },
  );
  await listenOn(server, 0);
  const { port } = addressOf(server.address());

  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(socket));
      socket.once("error", reject);
    });

  return {
    url: `http://127.0.0.1:${port}`,
    log,
    metrics: () => metrics.text(),
    connect: open,
    raw: async (bytes) => {
      const socket = await open();
      socket.write(bytes);
      return everythingFrom(socket);
    },
    stop: () => closeServer(server),
  };
};

const addressOf = (address: AddressInfo | string | null): AddressInfo => {
  if (address === null || typeof address === "string") throw new TypeError("It has no port.");
  return address;
};

/** All that comes until the other side hangs up. */
export const everythingFrom = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(text));
    socket.once("end", () => socket.end());
  });

/** Status and JSON body of a raw answer; chunked bodies are not taken apart. */
export const parseRaw = (text: string): { status: number; headers: string; body: unknown } => {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
    headers: head.toLowerCase(),
    body: body.startsWith("{") ? JSON.parse(body) : body,
  };
};
