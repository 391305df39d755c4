import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPglite, type PgliteDatabase } from "../../stack/database/pglite.ts";

let database: PgliteDatabase;

beforeAll(async () => {
  database = await openPglite({});
});

afterAll(() => database.close());

describe("a statement on PGlite", () => {
  test("gives the same values as PGlite's own query, for every kind of parameter", async () => {
    const text =
      "select $1::int as whole, $2::bigint as large, $3::numeric as exact, $4::boolean as truth, " +
      "$5::text as words, $6::jsonb as document, $7::text[] as list, $8::timestamptz as instant, " +
      "$9::uuid as id, $10::bytea as bytes, $11::text as nothing, array[[1, 2], [3, 4]] as nested, " +
      "date '2026-11-21' as day, 1.5::float8 as real";
    const values = [
      ...[42, "9007199254740993", "0.10", true, "naïve 'quoted' \\ 🫖", { cups: [1, null] }],
      ...[["a", "b,c", '"d"', null], "2026-11-21T10:00:00.123456+01:00"],
      ...["931aceb7-165e-4401-813b-f03c2fc141fd", new Uint8Array([0, 255]), null],
    ];
    const own = await database.pglite.query(text, values);
    const { rows } = await database.query(text, values);
    expect(rows).toEqual(own.rows);
    expect(rows[0]).toMatchObject({
      large: 9007199254740993n,
      instant: "2026-11-21T09:00:00.123456+00:00",
    });
  });

  test("counts the rows it wrote", async () => {
    await database.session((session) => session.exec("create table public.pots (id int)"));
    const count = async (text: string) => (await database.query(text)).affected;
    expect(await count("insert into public.pots select generate_series(1, 5)")).toBe(5);
    expect(await count("update public.pots set id = id + 1 where id > 3")).toBe(2);
    expect(await count("delete from public.pots")).toBe(5);
    expect(await count("select 1")).toBe(0);
  });

  test("fails with PostgreSQL's code, detail and hint, and the next one works", async () => {
    const raise =
      "do $$ begin raise exception 'out_of_stock' using errcode = 'PT409', detail = '{}', hint = 'Less.'; end $$";
    await expect(database.query(raise)).rejects.toMatchObject({
      message: "out_of_stock",
      code: "PT409",
      detail: "{}",
      hint: "Less.",
    });
    await expect(database.query("select $1::int", ["x"])).rejects.toMatchObject({ code: "22P02" });
    await expect(database.query("select from nowhere")).rejects.toMatchObject({ code: "42P01" });
    expect((await database.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  test("goes on when a table changed under it", async () => {
    const { exec } = await database.session(async (session) => session);
    await exec("create table public.cups (size int)");
    const text = "select * from public.cups where size = $1";
    await database.query(text, [1]);
    await exec("alter table public.cups alter column size type text");
    await database.query(text, ["1"]).catch(() => undefined);
    expect((await database.query(text, ["large"])).rows).toEqual([]);
  });

  test("tells listeners what it notified, whoever listens, until they stop", async () => {
    const heard: string[] = [];
    const unlisten = await database.listen("kettles", (payload) => heard.push(payload));
    await database.query("select pg_notify('kettles', $1)", ["one"]);
    await database.transaction((session) => session.exec("notify kettles, 'two'"));
    await expect.poll(() => heard).toEqual(["one", "two"]);
    await unlisten();
    await database.query("select pg_notify('kettles', 'three')");
    await database.query("select 1");
    expect(heard).toEqual(["one", "two"]);
  });
});
