import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageOf, readImage } from "../../stack/database/image.ts";
import { openPglite, type PgliteDatabase } from "../../stack/database/pglite.ts";
import { ensurePlatform, platformVersion } from "../../stack/database/platform.ts";
import { serveWire } from "../../stack/database/wire.ts";

const port = 26622;
let database: PgliteDatabase;
let close: () => void;

beforeAll(async () => {
  const image = await readImage(await imageOf([platformVersion()]));
  database = await openPglite(image ? { image } : {});
  await ensurePlatform(database);
  const server = await serveWire(database, {
    host: "127.0.0.1",
    port,
    passwords: { postgres: "postgres" },
    idleInTransactionMs: 300,
  });
  close = () => server.close();
  await database.session((session) =>
    session.exec(
      "create table public.pots (id int primary key, name text); grant all on public.pots to postgres",
    ),
  );
});

afterAll(async () => {
  close();
  await database.close();
});

const connect = (password = "postgres") =>
  postgres({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    max: 1,
    onnotice: () => undefined,
  });

describe("the database's wire protocol", () => {
  test("a client is the ordinary role postgres, not the administrator", async () => {
    const sql = connect();
    const [who] = await sql`select current_user as name, session_user as session`;
    expect(who).toEqual({ name: "postgres", session: "postgres" });
    await expect(sql`alter table auth.users add column shoe_size int`).rejects.toMatchObject({
      code: "42501",
    });
    await sql.end();
  });

  test("a wrong password is refused", async () => {
    await expect(connect("guess")`select 1`).rejects.toMatchObject({ code: "28P01" });
  });

  test("one client's transaction is not another's, nor the stack's", async () => {
    const [ada, bo] = [connect(), connect()];
    const seen: string[] = [];
    await Promise.all([
      ada.begin(async (transaction) => {
        await transaction`insert into public.pots values (1, 'tea')`;
        seen.push("ada");
        await transaction`update public.pots set name = 'coffee' where id = 1`;
      }),
      bo`select name from public.pots where id = 1`.then((rows) =>
        seen.push(`bo ${rows[0]?.name ?? "nothing"}`),
      ),
      database
        .query("select name from public.pots where id = 1")
        .then(({ rows }) => seen.push(`stack ${rows[0]?.name ?? "nothing"}`)),
    ]);
    expect(seen).not.toContain("bo tea");
    expect(seen).not.toContain("stack tea");
    await Promise.all([ada.end(), bo.end()]);
  });

  test("settings and prepared statements belong to one client", async () => {
    const [ada, bo] = [connect(), connect()];
    await ada`set search_path = auth`;
    await ada`set role anon`;
    for (const sql of [ada, bo]) await sql`select ${"same text"}::text as value`;
    const [hers] = await ada`select current_setting('search_path') as path, current_user as name`;
    const [his] = await bo`select current_setting('search_path') as path, current_user as name`;
    expect(hers).toEqual({ path: "auth", name: "anon" });
    expect(his).toEqual({ path: '"$user", public, extensions', name: "postgres" });
    const { rows } = await database.query("select current_user::text as name");
    expect(rows).toEqual([{ name: "supabase_admin" }]);
    await Promise.all([ada.end(), bo.end()]);
  });

  test("an error leaves the connection usable", async () => {
    const sql = connect();
    await expect(sql`select 1 / 0`).rejects.toMatchObject({ code: "22012" });
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
  });

  test("a client that idles in a transaction is ended, and others go on", async () => {
    const sql = connect();
    const held = await sql.reserve();
    await held`begin`;
    await held`insert into public.pots values (2, 'idle')`;
    const { rows } = await database.query(
      "select count(*)::int as pots from public.pots where id = 2",
    );
    expect(rows).toEqual([{ pots: 0 }]);
    await sql.end({ timeout: 0 });
  });

  test("what a client does is heard by the stack's own listeners", async () => {
    const heard: string[] = [];
    const unlisten = await database.listen("kettles", (payload) => heard.push(payload));
    const sql = connect();
    await sql`select pg_notify('kettles', 'boiling')`;
    await expect.poll(() => heard).toEqual(["boiling"]);
    await unlisten();
    await sql.end();
  });

  test("ending the server frees the database from a client in the middle of a transaction", async () => {
    const ending = new AbortController();
    await serveWire(database, {
      host: "127.0.0.1",
      port: port + 1,
      passwords: { postgres: "postgres" },
      signal: ending.signal,
    });
    const sql = postgres({
      ...{ host: "127.0.0.1", port: port + 1, user: "postgres", password: "postgres" },
      ...{ database: "postgres", max: 1 },
    });
    const held = await sql.reserve();
    await held`begin`;
    await held`insert into public.pots values (3, 'unfinished')`;
    ending.abort();
    const { rows } = await database.query(
      "select count(*)::int as pots from public.pots where id = 3",
    );
    expect(rows).toEqual([{ pots: 0 }]);
    await sql.end({ timeout: 0 });
  });
});
