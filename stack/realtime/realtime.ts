import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Database } from "../database/database.ts";
import { type Access, createCredentials, type Keys, Refused, type VerifyToken } from "./access.ts";
import { createAuthorization } from "./authorization.ts";
import { createChanges } from "./changes.ts";
import type { ChannelServices } from "./channel.ts";
import { Connection } from "./connection.ts";
import { createDatabaseBroadcasts, maintainMessages } from "./database-broadcasts.ts";
import { createHttpApi } from "./http.ts";
import { createLimits, type LimitSettings } from "./limits.ts";
import { openOutbox } from "./outbox.ts";
import { Presence } from "./presence.ts";
import { isVersion } from "./protocol.ts";
import { Topics } from "./topics.ts";

export interface RealtimePorts {
  /** With `stack/database/platform/realtime.sql` applied. */
  database: Database;
  verifyToken: VerifyToken;
  keys: Keys;
  log?(message: string): void;
}

export interface RealtimeOptions {
  /** Bytes that may wait for a slow client before it is dropped; default 4 MiB. */
  maximumBuffered?: number;
  /** Silence after which a client counts as gone, in milliseconds; default a minute, as Phoenix. */
  idleAfter?: number;
  limits?: Partial<LimitSettings>;
}

export interface Realtime {
  /** Takes over `GET /realtime/v1/websocket?apikey=…&vsn=…`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers `/realtime/v1/api/*`. */
  fetch(request: Request): Promise<Response>;
  /** Sockets and joined channels of the moment; messages in and out since the start. */
  figures(): { connections: number; channels: number; messages: number };
  /** Ends every connection; clients are told to come back. */
  stop(): Promise<void>;
}

/** Largest frame that is read, as on Supabase. */
const maximumFrame = 8_000_000;

/** What a client gets to say goodbye in when the server stops, in milliseconds. */
const goodbye = 500;

/** Serves the Realtime protocol of Supabase; resolves when broadcasts of the database are heard. */
export const createRealtime = async (
  { database, verifyToken, keys, log = console.error }: RealtimePorts,
  { maximumBuffered = 4 * 1024 * 1024, idleAfter = 60_000, limits = {} }: RealtimeOptions = {},
): Promise<Realtime> => {
  const topics = new Topics();
  const credentials = createCredentials({ keys, verifyToken });
  const authorization = createAuthorization(database);
  const connections = new Set<Connection>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maximumFrame,
    perMessageDeflate: false,
  });

  const endMaintenance = await maintainMessages(database, log);
  const changes = createChanges({ database, log });
  const outbox = await openOutbox({
    database,
    announce: createDatabaseBroadcasts({ database, topics }),
    changed: changes.deliver,
    log,
  });
  const services: ChannelServices = {
    database,
    credentials,
    authorization,
    topics,
    presence: new Presence(topics),
    changes,
    outbox,
    limits: createLimits(limits),
    log,
  };
  const sweep = setInterval(() => {
    const deadline = Date.now() - idleAfter;
    for (const connection of connections) if (connection.lastHeard < deadline) connection.drop();
  }, idleAfter / 4);
  sweep.unref();
  let stopped = false;
  let pastMessages = 0;

  const connect = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const url = new URL(request.url ?? "/", "ws://stack");
    const version = url.searchParams.get("vsn") ?? "1.0.0";
    if (!isVersion(version)) return refuse(socket, 400, `Unsupported serializer: ${version}`);
    const apiKey = request.headers["x-api-key"] ?? url.searchParams.get("apikey");
    if (typeof apiKey !== "string" || apiKey === "") {
      return refuse(socket, 401, "No API key found in request");
    }
    let keyAccess: Access;
    try {
      keyAccess = await credentials.accessOf(apiKey);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return refuse(socket, 401, "Invalid API key");
    }
    if (stopped) return refuse(socket, 503, "Realtime is restarting, please standby");
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, services, {
        version,
        keyAccess,
        headers: customHeaders(request),
        maximumBuffered,
      });
      connections.add(connection);
      webSocket.on("close", () => {
        connections.delete(connection);
        pastMessages += connection.messages;
      });
    });
  };

  return {
    handleUpgrade: (request, socket, head) => {
      const drop = () => socket.destroy();
      socket.on("error", drop);
      connect(request, socket, head)
        .catch((error) => {
          log(`Realtime could not take a connection: ${error}`);
          drop();
        })
        .finally(() => socket.off("error", drop));
    },
    fetch: createHttpApi(services),
    figures: () => {
      let channels = 0;
      let messages = pastMessages;
      for (const connection of connections) {
        channels += connection.channels;
        messages += connection.messages;
      }
      return { connections: connections.size, channels, messages };
    },
    stop: async () => {
      stopped = true;
      clearInterval(sweep);
      endMaintenance();
      for (const connection of connections) connection.close(1012, "Realtime is restarting");
      const deadline = Date.now() + goodbye;
      while (connections.size > 0 && Date.now() < deadline) await nextTick();
      for (const connection of connections) connection.drop();
      await outbox.stop();
      await changes.settled();
    },
  };
};

const nextTick = () => new Promise((resolve) => setTimeout(resolve, 10));

const reasons = { 400: "Bad Request", 401: "Unauthorized", 503: "Service Unavailable" } as const;

const refuse = (socket: Duplex, status: keyof typeof reasons, message: string) => {
  const body = JSON.stringify({ message });
  socket.end(
    `HTTP/1.1 ${status} ${reasons[status]}\r\nconnection: close\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

/** The headers that Supabase Realtime passes to policies: `x-…`. */
const customHeaders = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      name.startsWith("x-") && name !== "x-api-key" && typeof value === "string"
        ? [[name, value]]
        : [],
    ),
  );
