import { afterAll, beforeAll, expect, test } from "vitest";
import { startMaintenance } from "../../stack/database/maintenance.ts";
import { openPglite, type PgliteDatabase } from "../../stack/database/pglite.ts";

let database: PgliteDatabase;

beforeAll(async () => {
  database = await openPglite({});
});

afterAll(() => database.close());

test("a table that grew gets statistics, and its dead rows go, as autovacuum would do it", async () => {
  await database.session((session) =>
    session.exec(
      "create table public.pots (id int primary key, boiled int); " +
        "insert into public.pots select n, 0 from generate_series(1, 5000) n; " +
        "update public.pots set boiled = boiled + 1",
    ),
  );
  const maintenance = startMaintenance(database, { everyMs: 20, log: () => undefined });
  const state = async () => {
    const { rows } = await database.query(
      "select c.reltuples::int as rows, s.n_dead_tup as dead from pg_catalog.pg_class c " +
        "join pg_catalog.pg_stat_all_tables s on s.relid = c.oid where c.relname = 'pots'",
    );
    return rows[0];
  };
  await expect.poll(state, { timeout: 10_000 }).toEqual({ rows: 5000, dead: 0 });
  await maintenance.stop();
});
