import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageOf, readImage } from "../../stack/database/image.ts";
import { openPglite, type PgliteDatabase } from "../../stack/database/pglite.ts";
import { ensurePlatform, platformVersion } from "../../stack/database/platform.ts";
import { serveWire } from "../../stack/database/wire.ts";
import { takePortBlock } from "../support/ports.ts";

let port: number;
let database: PgliteDatabase;
let close: () => void;

beforeAll(async () => {
  const image = await readImage(await imageOf([platformVersion()]));
  database = await openPglite(image ? { image } : {});
  await ensurePlatform(database);
  port = await takePortBlock();
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

const connect = (password = "postgres", options: postgres.Options<Record<string, never>> = {}) =>
  postgres({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    max: 1,
    onnotice: () => undefined,
    ...options,
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

  test("custom settings last from one statement to the next, and are nobody else's", async () => {
    const [ada, bo] = [connect(), connect()];
    await ada`select set_config('request.jwt.claims', '{"sub": "ada"}', false)`;
    await ada`select set_config(${"shop.aisle"}, ${"tea"}, false)`;
    await ada`set shop.shelf = 'top'`;
    const settings = (sql: postgres.Sql) => sql`
      select nullif(current_setting('request.jwt.claims', true), '') as claims,
        nullif(current_setting('shop.aisle', true), '') as aisle,
        nullif(current_setting('shop.shelf', true), '') as shelf`;
    expect(await settings(bo)).toEqual([{ claims: null, aisle: null, shelf: null }]);
    expect(await settings(ada)).toEqual([{ claims: '{"sub": "ada"}', aisle: "tea", shelf: "top" }]);
    await Promise.all([ada.end(), bo.end()]);
  });

  test("a setting made by calling a function stays with its client", async () => {
    const [ada, bo] = [connect(), connect()];
    await ada`select set_config('search_path', 'auth', false)`;
    const path = "select current_setting('search_path') as path";
    expect(await ada.unsafe(path)).toEqual([{ path: "auth" }]);
    expect(await bo.unsafe(path)).toEqual([{ path: '"$user", public, extensions' }]);
    const { rows } = await database.query(path);
    expect(rows).toEqual([{ path: '"$user", public, extensions' }]);
    await Promise.all([ada.end(), bo.end()]);
  });

  test("two clients may prepare statements of the same name in SQL", async () => {
    const [ada, bo] = [connect(), connect()];
    await ada.unsafe("prepare answer as select 41 as value");
    await bo.unsafe("prepare answer as select 42 as value");
    expect(await ada.unsafe("execute answer")).toEqual([{ value: 41 }]);
    expect(await bo.unsafe("execute answer")).toEqual([{ value: 42 }]);
    await Promise.all([ada.end(), bo.end()]);
  });

  test("clients listen, and what one discards is its own", async () => {
    const [ada, bo, cy] = [connect(), connect(), connect()];
    const heard: string[] = [];
    const stack: string[] = [];
    const unlisten = await database.listen("kettles", (payload) => stack.push(payload));
    await ada.listen("kettles", (payload) => heard.push(payload));
    await cy`select ${1}::int as prepared`;
    await bo.unsafe("unlisten *");
    await bo.unsafe("discard all");
    await bo.notify("kettles", "from bo");
    await database.query("select pg_notify('kettles', 'from the stack')");
    await expect.poll(() => heard).toEqual(["from bo", "from the stack"]);
    expect(stack).toEqual(["from bo", "from the stack"]);
    expect(await cy`select ${2}::int as prepared`).toEqual([{ prepared: 2 }]);
    await unlisten();
    await Promise.all([ada.end(), bo.end(), cy.end()]);
  });

  test("rows are copied in and out", async () => {
    const sql = connect();
    await sql.unsafe("create table public.lids (id int primary key, name text)");
    const lines = Readable.from(
      (function* () {
        for (let id = 0; id < 20_000; id++) yield `${id}\tlid ${id}\n`;
      })(),
    );
    await pipeline(lines, await sql`copy public.lids from stdin`.writable());
    expect(await sql`select count(*)::int as lids from public.lids`).toEqual([{ lids: 20_000 }]);
    let copied = "";
    for await (const chunk of await sql`copy public.lids to stdout`.readable()) copied += chunk;
    expect(copied.split("\n")).toHaveLength(20_001);
    await sql.end();
  });

  test("a text that only looks like copying is none", async () => {
    const sql = connect();
    expect(await sql.unsafe("select 'a'; select ';copy x from stdin' as text")).toMatchObject([
      [{}],
      [{ text: ";copy x from stdin" }],
    ]);
    await sql.end();
  });

  test("a client that waits for another can be cancelled", async () => {
    const [ada, bo] = [connect(), connect()];
    await bo`select 1`;
    const held = await ada.reserve();
    await held`begin`;
    const waiting = bo`select 1 as one`;
    const outcome = waiting.catch((error) => error.code);
    await new Promise((resolve) => setTimeout(resolve, 50));
    waiting.cancel();
    expect(await outcome).toBe("57014");
    await held`commit`;
    held.release();
    expect(await bo`select 2 as two`).toEqual([{ two: 2 }]);
    await Promise.all([ada.end(), bo.end()]);
  });

  test("settings may come with the connection", async () => {
    const sql = connect("postgres", {
      connection: { search_path: "auth", options: "-c role=anon" },
    });
    const settings = sql`select current_setting('search_path') as path, current_user as name`;
    expect(await settings).toEqual([{ path: "auth", name: "anon" }]);
    await sql.end();
  });

  test("a failed transaction refuses everything until its end, and the connection lives on", async () => {
    const sql = connect();
    const held = await sql.reserve();
    await held`begin`;
    await expect(held`select nonsense`).rejects.toMatchObject({ code: "42703" });
    for (const text of ["discard all", "create temp table spoons (id int)", "select 1"]) {
      await expect(held.unsafe(text)).rejects.toMatchObject({ code: "25P02" });
    }
    await held`rollback`;
    expect(await held`select 1 as one`).toEqual([{ one: 1 }]);
    held.release();
    await sql.end();
  });

  test("there is no other database", async () => {
    await expect(connect("postgres", { database: "shop" })`select 1`).rejects.toMatchObject({
      code: "3D000",
    });
  });

  test("temporary tables go with their client, session locks with the last one", async () => {
    const [ada, bo] = [connect(), connect()];
    const left = async () => {
      const { rows } = await database.query(
        `select to_regclass('pg_temp.cups')::text as cups, to_regclass('pg_temp.lids')::text as lids,
           (select count(*)::int from pg_locks where locktype = 'advisory') as locks`,
      );
      return rows;
    };
    await ada`create temp table cups (id int)`;
    await bo.unsafe("begin; create temporary table lids (id serial); commit");
    await ada`select pg_advisory_lock(7)`;
    await ada.end();
    await expect.poll(left).toEqual([{ cups: null, lids: "lids", locks: 1 }]);
    await bo.end();
    await expect.poll(left).toEqual([{ cups: null, lids: null, locks: 0 }]);
  });

  test.each([
    ["an endless start", Buffer.from("7fffffff00030000", "hex")],
    ["a length below zero", Buffer.from("ffffffff00030000", "hex")],
    ["what is no protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ])("%s ends that connection alone", async (_what, bytes) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(bytes);
    await once(socket, "close");
    const sql = connect();
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
  });

  test("an unknown message ends that connection alone", async () => {
    const socket = connectSocket(port, "127.0.0.1");
    const startup = Buffer.from(
      "\0\0\0\0\0\x03\0\0user\0postgres\0database\0postgres\0\0",
      "latin1",
    );
    startup.writeInt32BE(startup.length);
    socket.write(startup);
    socket.write(Buffer.from("p\0\0\0\x0dpostgres\0", "latin1"));
    socket.write(Buffer.from("%\0\0\0\x04", "latin1"));
    let said = "";
    socket.on("data", (data) => {
      said += data.toString("latin1");
    });
    await once(socket, "close");
    expect(said).toContain("invalid frontend message type");
    const sql = connect();
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
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
