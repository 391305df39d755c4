import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { functions, type Row, refusalOf, tables } from "../support/access-matrix.ts";
import { aWorld, type Seat, seats, tidyWorld, type World } from "../support/access-world.ts";
import { openWire } from "../support/wire.ts";

let world: World;

beforeAll(async () => {
  world = await aWorld();
});
afterAll(async () => {
  await tidyWorld(world);
  // A job that was claimed here goes back to the worker now, not at the scheduler's next minute.
  const sql = openWire();
  await sql`update pgmq.q_jobs set vt = clock_timestamp()`;
  await sql.end();
  await world.actors.service.client.functions.invoke("jobs", { method: "POST" });
});

/** The matrix names tables that the generated types cannot follow. */
const clientOf = (seat: Seat): SupabaseClient => world.actors[seat].client;

const notGranted = "42501";
/** What PostgreSQL says of a view before it asks for privileges. */
const notWritable = "55000";
const others = (by: readonly Seat[]) => seats.filter((seat) => !by.includes(seat));
/** The service is bound by nothing, so a verb that is nobody's is still not refused to it. */
const bound = seats.filter((seat) => seat !== "service");

describe.each(Object.entries(tables))("%s", (table, rules) => {
  describe.each(Object.entries(rules.select))("select %s", (_, { rows, by }) => {
    const look = (seat: Seat) => clientOf(seat).from(table).select("*").match(rows(world));

    test.each(by)("%s sees it", async (seat) => {
      const { data, error } = await look(seat);
      expect(error).toBeNull();
      expect(data?.length).toBeGreaterThan(0);
    });

    test.each(others(by))("%s does not see it", async (seat) => {
      const { data, error } = await look(seat);
      expect(error?.code ?? notGranted).toBe(notGranted);
      expect(data ?? []).toEqual([]);
    });
  });

  describe.each(Object.entries(rules.insert ?? {}))("insert %s", (_, { row, by }) => {
    test.each(by)("%s may", async (seat) => {
      const { error } = await clientOf(seat).from(table).insert(row(world, seat));
      expect(error).toBeNull();
    });

    test.each(others(by))("%s may not", async (seat) => {
      const { error } = await clientOf(seat).from(table).insert(row(world, seat));
      expect(error?.code).toBe(notGranted);
    });
  });

  describe.each(Object.entries(rules.update ?? {}))("update %s", (_, { rows, set, by }) => {
    const change = (seat: Seat) =>
      clientOf(seat).from(table).update(set).match(rows(world)).select();

    test.each(by)("%s may", async (seat) => {
      const { data, error } = await change(seat);
      expect(error).toBeNull();
      expect(data?.[0]).toMatchObject(set);
    });

    test.each(others(by))("%s may not", async (seat) => {
      const { data, error } = await change(seat);
      expect(error?.code ?? notGranted).toBe(notGranted);
      expect(data ?? []).toEqual([]);
    });
  });

  describe.each(Object.entries(rules.delete ?? {}))("delete %s", (_, { row, by }) => {
    const victim = async (seat: Seat): Promise<Row> => {
      const made = clientOf("service").from(table).insert(row(world, seat));
      const { id } = (await made.select("id").single().throwOnError()).data;
      return { id };
    };
    const remove = (seat: Seat, key: Row) =>
      clientOf(seat).from(table).delete().match(key).select();

    test.each(by)("%s may", async (seat) => {
      const { data, error } = await remove(seat, await victim(seat));
      expect(error).toBeNull();
      expect(data).toHaveLength(1);
    });

    test(`nobody else may: ${others(by).join(", ")}`, async () => {
      const key = await victim("anon");
      for (const seat of others(by)) {
        const { data, error } = await remove(seat, key);
        expect(error?.code ?? notGranted, seat).toBe(notGranted);
        expect(data ?? [], seat).toEqual([]);
      }
      const { count } = await clientOf("service").from(table).delete({ count: "exact" }).match(key);
      expect(count).toBe(1);
    });
  });

  const [sight] = Object.values(rules.select);

  if (!rules.insert)
    test("nobody inserts", async () => {
      for (const seat of bound) {
        const { error } = await clientOf(seat)
          .from(table)
          .insert(aRowLike(sight?.rows(world)));
        expect([notGranted, notWritable], seat).toContain(error?.code);
      }
    });

  if (!rules.update)
    test("nobody updates", async () => {
      for (const seat of bound) {
        const row = aRowLike(sight?.rows(world));
        const { error } = await clientOf(seat).from(table).update(row).match(row);
        expect([notGranted, notWritable], seat).toContain(error?.code);
      }
    });

  if (!rules.delete)
    test("nobody deletes", async () => {
      for (const seat of bound) {
        const row = aRowLike(sight?.rows(world));
        const { error } = await clientOf(seat).from(table).delete().match(row);
        expect([notGranted, notWritable], seat).toContain(error?.code);
      }
    });
});

/** Any columns at all: without the privilege, a statement fails before its values are looked at. */
const aRowLike = (row: Row = {}): Row => (Object.keys(row).length > 0 ? row : { id: true });

describe.each(Object.entries(functions))("%s()", (name, rules) => {
  const call = (seat: Seat) => clientOf(seat).rpc(name, rules.args(world));
  const outcome = ({ error }: { error: { code: string; message: string } | null }) =>
    error?.code.startsWith("PT") ? error.message : error?.code;

  test.each(rules.by)(`%s may${rules.answer ? ` (${rules.answer})` : ""}`, async (seat) => {
    expect(outcome(await call(seat))).toBe(rules.answer);
  });

  test.each(others(rules.by))("%s may not", async (seat) => {
    expect(outcome(await call(seat))).toBe(refusalOf(rules, seat));
  });
});

describe("schemas that are not the API", () => {
  test.each(["private", "auth", "pgmq", "vault", "cron", "net", "realtime", "extensions"])(
    "%s is reached by nobody",
    async (schema) => {
      for (const seat of seats) {
        const { error } = await clientOf(seat).schema(schema).from("user_roles").select("*");
        expect(error?.code, seat).toBe("PGRST106");
        const called = await clientOf(seat).schema(schema).rpc("is_staff");
        expect(called.error?.code, seat).toBe("PGRST106");
      }
    },
  );
});
