import {
  createClient,
  type RealtimeChannel,
  type RealtimeClientOptions,
  type SupabaseClient,
} from "@supabase/supabase-js";
import { SignJWT } from "jose";
import postgres from "postgres";
import WebSocket from "ws";
import { transport } from "../../support/client.ts";
import { platform } from "../support/platform.ts";

type Parameter = string | number | boolean | null;

/** What a test needs to know of the project it runs against. */
export interface Project {
  url: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** Runs one statement as `postgres`, the role of migrations. */
  sql(statement: string, parameters?: readonly Parameter[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** The project of the platform suite; `stop` ends only the connection to its database. */
export const openProject = (): Project => {
  const { url, publishableKey, secretKey, jwtSecret, databaseUrl } = platform();
  const connection = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  return {
    url,
    publishableKey,
    secretKey,
    jwtSecret,
    sql: async (statement, parameters = []) => [
      ...(await connection.unsafe(statement, [...parameters])),
    ],
    stop: () => connection.end(),
  };
};

/** A room of this owner; the topic to join. */
export const aRoom = async (
  { sql }: Project,
  {
    ownerId,
    isOpen = false,
    isSilent = false,
  }: { ownerId: string; isOpen?: boolean; isSilent?: boolean },
): Promise<string> => {
  const name = uniqueName();
  await sql("insert into public.test_rooms values ($1, $2, $3, $4)", [
    name,
    ownerId,
    isOpen,
    isSilent,
  ]);
  return `test-room:${name}`;
};

export const uniqueName = (): string => Math.random().toString(36).slice(2);

export const ada = "a0000000-0000-4000-8000-00000000000a";
export const bo = "b0000000-0000-4000-8000-00000000000b";

/** A user's access token, as Auth would sign it. */
export const tokenOf = (
  project: Pick<Project, "jwtSecret">,
  sub: string,
  {
    expiresIn = 3600,
    secret = project.jwtSecret,
    ...claims
  }: { expiresIn?: number; secret?: string; [claim: string]: unknown } = {},
): Promise<string> =>
  new SignJWT({ sub, role: "authenticated", ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(Buffer.from(secret));

const opened: SupabaseClient[] = [];

/** An unmodified supabase-js client; without a token it has only its API key to show. */
export const connect = (
  project: Project,
  { token, ...realtime }: RealtimeClientOptions & { token?: string } = {},
): SupabaseClient => {
  const client = createClient(project.url, project.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport, ...realtime },
  });
  opened.push(client);
  if (token) void client.realtime.setAuth(token);
  return client;
};

/** Ends every client of `connect`. */
export const disconnectAll = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((client) => client.realtime.disconnect()));
};

/** Subscribes; rejects with the error that the subscribe callback gets. */
export const join = (channel: RealtimeChannel): Promise<RealtimeChannel> =>
  new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve(channel);
      else reject(error ?? new Error(status));
    });
  });

/** Joins and expects to be refused; the reason, as the application sees it. */
export const refusalOf = async (client: SupabaseClient, channel: RealtimeChannel) => {
  const error = await join(channel).then(
    () => new Error("joined"),
    (reason: Error) => reason,
  );
  // supabase-js would try again for ever.
  await client.removeChannel(channel);
  return error.message;
};

export interface Received {
  event: string;
  payload: unknown;
  meta?: { id: string; replayed?: boolean };
}

/** Everything broadcast on the channel from now on, and a way to wait for it. */
export const collect = (channel: RealtimeChannel) => {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  channel.on("broadcast", { event: "*" }, ({ event, payload, meta }) => {
    received.push({ event, payload, ...(meta ? { meta } : {}) });
    for (const wake of waiting) wake();
  });
  return {
    received,
    /** Resolves with all messages once there are `count`. */
    until: (count: number): Promise<Received[]> =>
      new Promise((resolve) => {
        const check = () => received.length >= count && resolve(received);
        waiting.push(check);
        check();
      }),
  };
};

/** Resolves when `condition` holds; polls. */
export const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** A client below supabase-js: what it sends is what the server gets. */
export const openSocket = async (
  project: Project,
  { vsn = "2.0.0", apikey = project.publishableKey } = {},
) => {
  const url = new URL(`${project.url.replace("http", "ws")}/realtime/v1/websocket`);
  url.search = new URLSearchParams({ apikey, vsn }).toString();
  const socket = new WebSocket(url);
  const frames: { data: Buffer; binary: boolean }[] = [];
  socket.on("message", (data, binary) => {
    if (Buffer.isBuffer(data)) frames.push({ data, binary });
  });
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    frames,
    closed,
    send: (message: unknown) => socket.send(JSON.stringify(message)),
    /** The next frame that nobody has asked for yet: parsed when it is text, else its bytes. */
    next: async (): Promise<unknown> => {
      await eventually(() => frames.length > 0);
      const frame = frames.shift();
      return frame?.binary ? frame.data : JSON.parse(frame?.data.toString() ?? "null");
    },
  };
};
