import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { openDatabase } from "./support.ts";

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

/** As migrations do. */
const migrate = (script: string) =>
  database.transaction((session) => session.exec(script), { role: "postgres" });

/** What is captured, as `table verbs`. */
const captured = async () => {
  const { rows } = await database.query(
    `select concat_ws(' ',
       t.tgrelid::regclass,
       case when t.tgtype & 4 > 0 then 'insert' end,
       case when t.tgtype & 16 > 0 then 'update' end,
       case when t.tgtype & 8 > 0 then 'delete' end) as line
     from pg_catalog.pg_trigger t where t.tgname = 'realtime_capture' order by 1`,
  );
  return rows.map(({ line }) => line);
};

test("what is captured follows the publication: its tables, its verbs, and what it drops", async () => {
  await migrate(`
    create table public.first (id integer primary key);
    create table public."Second Table" (id integer primary key);
    alter publication supabase_realtime add table public.first, public."Second Table"`);
  expect(await captured()).toEqual([
    '"Second Table" insert update delete',
    "first insert update delete",
  ]);
  await migrate("alter publication supabase_realtime set (publish = 'insert, delete')");
  expect(await captured()).toEqual(['"Second Table" insert delete', "first insert delete"]);
  await migrate(`alter publication supabase_realtime drop table public."Second Table"`);
  expect(await captured()).toEqual(["first insert delete"]);
  await migrate("alter publication supabase_realtime set (publish = '')");
  expect(await captured()).toEqual([]);
});

test("a publication made anew is followed, also one of a whole schema with tables to come", async () => {
  await migrate("drop publication supabase_realtime");
  await database.query("create publication supabase_realtime for tables in schema public");
  await migrate("create table public.later (id integer primary key)");
  expect(await captured()).toEqual([
    '"Second Table" insert update delete',
    "first insert update delete",
    "later insert update delete",
  ]);
});

test("of a partitioned table each partition is captured", async () => {
  await migrate(`
    create table public.days (day date primary key) partition by range (day);
    create table public.days_2026 partition of public.days
      for values from ('2026-01-01') to ('2027-01-01')`);
  expect(await captured()).toContain("days_2026 insert update delete");
});
