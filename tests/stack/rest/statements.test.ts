import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { openPglite } from "../../../stack/database/pglite.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { openPostgres } from "../../../stack/database/postgres.ts";
import { createSchemaCache } from "../../../stack/rest/schema/schema-cache.ts";
import { type NativePostgres, startNativePostgres } from "../../support/native-postgres.ts";

let server: NativePostgres;
const databases: Partial<Record<Database["kind"], Database>> = {};

beforeAll(async () => {
  server = await startNativePostgres();
  databases.pglite = await openPglite({});
  databases.postgres = openPostgres(server.url);
  for (const database of Object.values(databases)) {
    await ensurePlatform(database);
    await database.session(({ exec }) =>
      exec("create table public.kept (id integer primary key check (id < 100))"),
    );
  }
});

afterAll(async () => {
  for (const database of Object.values(databases)) await database.close();
  await server.stop();
});

const open = (kind: Database["kind"]): Database => {
  const database = databases[kind];
  if (!database) throw new Error(`no ${kind}`);
  return database;
};

const asService = { role: "service_role" };

const preparedCount = async (database: Database) => {
  const { rows } = await database.query<{ count: number }>(
    "select count(*) from pg_catalog.pg_prepared_statements",
  );
  return rows[0]?.count ?? 0;
};

describe.each(["pglite", "postgres"] as const)("a statement with settings on %s", (kind) => {
  let database: Database;
  beforeAll(() => {
    database = open(kind);
  });

  test("sees them, and the next one does not", async () => {
    const text = "select current_user::text as role, current_setting('my.own', true) as own";
    const first = await database.statement(text, [], { role: "anon", "my.own": "x" });
    expect(first.rows).toEqual([{ role: "anon", own: "x" }]);
    const { rows } = await database.query(text);
    // A native server's session for queries is another one, which never heard of it.
    expect(rows).toEqual([{ role: "supabase_admin", own: kind === "pglite" ? "" : null }]);
    const next = await Promise.all(
      Array.from({ length: 10 }, () => database.statement(text, [], asService)),
    );
    for (const { rows } of next) {
      expect(rows).toMatchObject([{ role: "service_role" }]);
      expect(rows[0]?.own || "").toBe("");
    }
  });

  test("reads its parameters as PostgreSQL does, whatever their type", async () => {
    const text = "select $1::int + 1 as number, not $2::boolean as flag, $3::int[] as list";
    const { rows } = await database.statement(text, ["41", "true", "{1,2}"], asService);
    expect(rows).toEqual([{ number: 42, flag: false, list: [1, 2] }]);
  });

  test("is undone by its error, and the session goes on", async () => {
    const insert = "insert into public.kept select generate_series(1, $1::int)";
    await expect(database.statement(insert, ["200"], { role: "postgres" })).rejects.toMatchObject({
      code: "42501",
    });
    const owner = { role: "supabase_admin" };
    await expect(database.statement(insert, ["200"], owner)).rejects.toMatchObject({
      code: "23514",
    });
    expect((await database.query("select from public.kept")).rows).toEqual([]);
    await database.statement(insert, ["3"], owner);
    expect((await database.query("select from public.kept")).rows).toHaveLength(3);
  });

  test("refuses what text cannot hold", async () => {
    await expect(database.statement("select $1::text", ["a\0b"], asService)).rejects.toMatchObject({
      code: "22021",
      message: 'invalid byte sequence for encoding "UTF8": 0x00',
    });
  });

  test("answers no rows when it returns none", async () => {
    const text = "delete from public.kept where id = $1::int";
    const { rows } = await database.statement(text, ["-1"], { role: "supabase_admin" });
    expect(rows).toEqual([]);
  });

  test("runs beside others of other roles", async () => {
    const text = "select current_user::text as role, $1::text as word";
    const roles = Array.from({ length: 40 }, (_, at) => (at % 2 ? "anon" : "authenticated"));
    const answers = await Promise.all(
      roles.map((role, at) => database.statement(text, [`it's \\${at}`], { role })),
    );
    expect(answers.map(({ rows }) => rows)).toEqual(
      roles.map((role, at) => [{ role, word: `it's \\${at}` }]),
    );
  });

  test("is planned anew when the schema changes, by whoever changes it", async () => {
    const cache = await createSchemaCache(database, ["public"]);
    const owner = { role: "supabase_admin" };
    const find = () =>
      database.statement("select a::text from public.turned where a = $1", ["1"], owner);
    await database.session(({ exec }) =>
      exec("create table public.turned (a text); insert into public.turned values ('1')"),
    );
    expect((await find()).rows).toEqual([{ a: "1" }]);
    await database.session(({ exec }) =>
      exec("alter table public.turned alter column a type integer using a::integer"),
    );
    const found = () => find().then(({ rows }) => rows);
    await expect.poll(() => found().catch(String)).toEqual([{ a: "1" }]);
    await cache.stop();
  });

  test("in a read-only transaction writes nothing", async () => {
    const settings = { role: "supabase_admin", transaction_read_only: "on" };
    await expect(database.statement("delete from public.kept", [], settings)).rejects.toMatchObject(
      { code: "25006" },
    );
  });
});

describe("prepared statements", () => {
  let database: Database;
  beforeAll(() => {
    database = open("pglite");
  });

  test("are made again when somebody took them away", async () => {
    const ask = () => database.statement("select 1 as one", [], asService);
    await ask();
    await database.session(({ exec }) => exec("deallocate all"));
    expect((await ask()).rows).toEqual([{ one: 1 }]);
    expect((await ask()).rows).toEqual([{ one: 1 }]);
  });

  test("do not pile up, whether they work or fail", async () => {
    for (let number = 0; number < 450; number++) {
      await database.statement(`select ${number} as number`, [], asService);
      await database
        .statement(`select ${number} / $1::int as number`, ["0"], asService)
        .catch(() => undefined);
    }
    expect(await preparedCount(database)).toBeLessThanOrEqual(205);
  });
});
