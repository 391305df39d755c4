import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import {
  createClient,
  type RealtimeChannel,
  type RealtimeClientOptions,
  type SupabaseClient,
} from "@supabase/supabase-js";
import { SignJWT } from "jose";
import WebSocket from "ws";
import { z } from "zod";
import { createTokens } from "../../../stack/auth/tokens.ts";
import { openPglite } from "../../../stack/database/pglite.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { localKeys } from "../../../stack/keys.ts";
import { closeServer, listenOn } from "../../../stack/listen.ts";
import { createRealtime, type RealtimeOptions } from "../../../stack/realtime/realtime.ts";

/** What a test needs to know of the project it runs against. */
export interface Project {
  url: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** Runs one statement as `postgres`, the role of migrations. */
  sql(statement: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** What the server wrote to its log. */
  log: string[];
  stop(): Promise<void>;
}

/** The database and Realtime alone, on a port of their own. */
export const openProject = async (options: RealtimeOptions = {}): Promise<Project> => {
  const database = await openPglite({});
  await ensurePlatform(database);
  const { jwtSecret, publishable, secret } = localKeys;
  const log: string[] = [];
  const realtime = await createRealtime(
    {
      database,
      keys: { publishable, secret },
      verifyToken: createTokens(jwtSecret).verify,
      log: (message) => log.push(message),
    },
    options,
  );
  const server = createServer(getRequestListener(realtime.fetch, { overrideGlobalObjects: false }));
  server.on("upgrade", realtime.handleUpgrade);
  await listenOn(server, 0);
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("The server has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    publishableKey: publishable,
    secretKey: secret,
    jwtSecret,
    sql: (statement, parameters) =>
      database.transaction(async (session) => (await session.query(statement, parameters)).rows, {
        role: "postgres",
      }),
    log,
    stop: async () => {
      await realtime.stop();
      await closeServer(server);
      await database.close();
    },
  };
};

/**
 * Rooms that their owners may read and, when they are open to posts, write; everything about
 * `test-broken:…` fails in its policy.
 */
export const createRooms = async ({ sql }: Project): Promise<void> => {
  await sql(`create table if not exists public.test_rooms (
    name text primary key, owner_id uuid not null, is_open boolean not null default false
  )`);
  await sql("grant select on public.test_rooms to authenticated");
  await sql(`create policy test_read_room on realtime.messages for select to authenticated using (
    messages.extension = 'broadcast' and exists (
      select from public.test_rooms r
      where 'test-room:' || r.name = (select realtime.topic())
        and r.owner_id::text = (select current_setting('request.jwt.claims', true)::jsonb ->> 'sub')
    )
  )`);
  await sql(`create policy test_write_room on realtime.messages for insert to authenticated with check (
    messages.extension = 'broadcast' and exists (
      select from public.test_rooms r
      where r.is_open and 'test-room:' || r.name = (select realtime.topic())
        and r.owner_id::text = (select current_setting('request.jwt.claims', true)::jsonb ->> 'sub')
    )
  )`);
  await sql(`create policy test_broken on realtime.messages for select to authenticated using (
    case when realtime.topic() like 'test-broken:%' then 1 / strpos(realtime.topic(), 'zero') = 1 end
  )`);
  await sql(`create policy test_public_topics on realtime.messages for select to anon, authenticated
    using (realtime.topic() like 'test-open:%')`);
};

/** A room of this owner; the topic to join. */
export const aRoom = async (
  { sql }: Project,
  { ownerId, isOpen = false }: { ownerId: string; isOpen?: boolean },
): Promise<string> => {
  const name = uniqueName();
  await sql("insert into public.test_rooms values ($1, $2, $3)", [name, ownerId, isOpen]);
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

/** `ws`, whose types differ from what realtime-js asks for though its guide names it. */
const transport = z
  .custom<NonNullable<RealtimeClientOptions["transport"]>>((value) => value === WebSocket)
  .parse(WebSocket);

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
  meta?: { id: string };
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
