import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { type ApiKeys, createDoorkeeper, legacyKeys } from "../../../stack/auth/api-keys.ts";
import { createAuth } from "../../../stack/auth/auth.ts";
import { AuthSettings } from "../../../stack/auth/settings.ts";
import { createTokens, type Tokens } from "../../../stack/auth/tokens.ts";
import type { Database } from "../../../stack/database/database.ts";
import { openPglite } from "../../../stack/database/pglite.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { localKeys } from "../../../stack/keys.ts";
import { createMail, type MailService } from "../../../stack/mail/mail.ts";
import { createRest } from "../../../stack/rest/rest.ts";
import { createMemoryFileStore } from "../../../stack/storage/file-store.ts";
import type { StorageSettings } from "../../../stack/storage/settings.ts";
import { createStorage } from "../../../stack/storage/storage.ts";

export const authSettings = AuthSettings.parse({
  site_url: "http://127.0.0.1:3000",
  additional_redirect_urls: ["http://127.0.0.1:3000/**"],
  jwt_expiry: 900,
  enable_anonymous_sign_ins: true,
  minimum_password_length: 8,
  rate_limit: {
    anonymous_users: 1000,
    sign_in_sign_ups: 1000,
    token_refresh: 1000,
    token_verifications: 1000,
  },
  email: { max_frequency: "0s" },
});

const storageSettings: StorageSettings = {
  file_size_limit: "1MiB",
  buckets: {
    pictures: { public: true, file_size_limit: "64KiB", allowed_mime_types: ["image/png"] },
    papers: { public: false },
  },
};

/** A table whose rows belong to users, and policies for the private bucket. */
const fixture = `
  create table public.notes (
    id bigint generated always as identity primary key,
    owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    body text not null
  );
  alter table public.notes enable row level security;
  grant select, insert on public.notes to authenticated;
  grant select on public.notes to anon;
  grant all on public.notes to service_role;
  create policy select_own on public.notes for select to authenticated
    using (owner_id = (select auth.uid()));
  create policy insert_own on public.notes for insert to authenticated
    with check (owner_id = (select auth.uid()));

  create policy papers_insert_own on storage.objects for insert to authenticated
    with check (bucket_id = 'papers' and (storage.foldername(name))[1] = (select auth.uid())::text);
  create policy papers_select_own on storage.objects for select to authenticated
    using (bucket_id = 'papers' and (storage.foldername(name))[1] = (select auth.uid())::text);
  create policy papers_delete_own on storage.objects for delete to authenticated
    using (bucket_id = 'papers' and (storage.foldername(name))[1] = (select auth.uid())::text);
`;

// supabase-js wants a WebSocket on Node 20. Loaded untyped: the types of `ws` and of realtime-js
// describe the same events differently.
const transport = createRequire(import.meta.url)("ws");

export interface Platform {
  url: string;
  keys: ApiKeys;
  tokens: Tokens;
  database: Database;
  mail: MailService;
  /** An unmodified supabase-js, with the publishable key unless told otherwise. */
  client(key?: string): SupabaseClient;
  stop(): Promise<void>;
}

const openDatabase = async (): Promise<Database> => {
  const database = await openPglite({});
  await ensurePlatform(database);
  await database.session(async (session) => {
    await session.exec("set session authorization postgres");
    await session.exec(fixture);
    await session.exec("set session authorization supabase_admin");
  });
  return database;
};

/** Auth, REST, Storage and mail over HTTP, on the given database or on a fresh one in memory. */
export const startPlatform = async (
  settings: AuthSettings = authSettings,
  given?: Pick<Platform, "database">,
): Promise<Platform> => {
  const database: Database = given?.database ?? (await openDatabase());

  const { jwtSecret, publishable, secret } = localKeys;
  const tokens = createTokens(jwtSecret);
  const keys = { publishable, secret, ...(await legacyKeys(tokens)) };
  const doorkeeper = createDoorkeeper(keys, tokens);
  const mail = createMail();

  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", () => listening()));
  const url = `http://127.0.0.1:${portOf(server.address())}`;

  const auth = createAuth({
    database,
    settings,
    tokens,
    doorkeeper,
    apiUrl: url,
    deliver: mail.deliver,
  });
  const rest = await createRest({
    database,
    doorkeeper,
    api: { schemas: ["public"], extra_search_path: ["public", "extensions"], max_rows: 1000 },
  });
  const storage = await createStorage({
    database,
    settings: storageSettings,
    files: createMemoryFileStore(1024 * 1024),
    jwtSecret,
    doorkeeper,
  });
  server.on(
    "request",
    getRequestListener(
      (request) => {
        const { pathname } = new URL(request.url);
        if (pathname.startsWith("/auth/v1/")) return auth.fetch(request);
        if (pathname.startsWith("/storage/v1/")) return storage.fetch(request);
        return rest.fetch(request);
      },
      { overrideGlobalObjects: false },
    ),
  );

  return {
    url,
    keys,
    tokens,
    database,
    mail,
    client: (key = keys.publishable) =>
      createClient(url, key, {
        auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
        realtime: { transport },
      }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      if (!given) await database.close();
    },
  };
};

const portOf = (address: string | AddressInfo | null) =>
  typeof address === "object" && address ? address.port : 0;

export const anAddress = (name: string) => `${name}-${randomUUID().slice(0, 8)}@example.test`;

const Message = z.object({ Subject: z.string(), HTML: z.string(), Text: z.string() });
const Found = z.object({ messages: z.array(z.object({ ID: z.string() })) });

/** The newest mail to an address, with its link and code picked out. */
export const latestMail = async (platform: Platform, to: string) => {
  const get = async (path: string): Promise<unknown> =>
    (await platform.mail.fetch(new Request(`http://127.0.0.1${path}`))).json();
  const found = Found.parse(await get(`/api/v1/search?query=to:${encodeURIComponent(to)}`));
  const mail = Message.parse(await get(`/api/v1/message/${found.messages[0]?.ID}`));
  return {
    subject: mail.Subject,
    link: /Follow this link: (\S+)/.exec(mail.Text)?.[1] ?? "",
    code: /code: (\d+)/.exec(mail.Text)?.[1] ?? "",
  };
};
