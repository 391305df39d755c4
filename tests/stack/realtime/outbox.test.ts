import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { openPostgres } from "../../../stack/database/postgres.ts";
import { type Announcement, type Outbox, openOutbox } from "../../../stack/realtime/outbox.ts";
import { eventually } from "../../platform/realtime/support.ts";
import { type NativePostgres, startNativePostgres } from "../../support/native-postgres.ts";
import { openDatabase } from "./support.ts";

/** An outbox, and everything that it announced: topics of messages, places of changes. */
const listenTo = async (database: Database) => {
  const topics: string[] = [];
  const changes: number[] = [];
  const log: string[] = [];
  const outbox: Outbox = await openOutbox({
    database,
    announce: async (announced: readonly Announcement[]) => {
      topics.push(...announced.map(({ topic }) => topic));
    },
    changed: (positions) => changes.push(...positions),
    log: (message) => log.push(message),
  });
  return { outbox, topics, changes, log };
};

const send = (database: Database, topic: string) =>
  database.query("select realtime.send('{}', 'event', $1)", [topic]);

const pending = async (database: Database) => {
  const { rows } = await database.query("select count(*)::integer as count from realtime.outbox");
  return rows[0]?.count;
};

describe("on a native server", () => {
  let native: NativePostgres;
  let database: Database;

  beforeAll(async () => {
    native = await startNativePostgres();
    database = openPostgres(native.url);
    await ensurePlatform(database);
  });
  afterAll(async () => {
    await database?.close();
    await native?.stop();
  });

  test("a message committed late is announced, though later ones went before it", async () => {
    const { outbox, topics } = await listenTo(database);
    await outbox.attend();
    await database.transaction(async (session) => {
      await session.query("select realtime.send('{}', 'event', 'slow')");
      await send(database, "quick");
      await eventually(() => topics.includes("quick"));
      expect(topics).toEqual(["quick"]);
    });
    await eventually(() => topics.includes("slow"));
    await send(database, "last");
    await eventually(() => topics.includes("last"));
    expect(topics).toEqual(["quick", "slow", "last"]);
    await outbox.stop();
  });

  test("of many sessions that write at once every message is announced, once", async () => {
    const { outbox, topics } = await listenTo(database);
    await outbox.attend();
    const sent = Array.from({ length: 500 }, (_, n) => `topic ${n}`);
    await Promise.all(sent.map((topic) => send(database, topic)));
    await eventually(() => topics.length >= sent.length);
    await send(database, "last");
    await eventually(() => topics.includes("last"));
    expect(topics.toSorted()).toEqual([...sent, "last"].toSorted());
    await outbox.stop();
  });

  test("two servers on one database both hear everything", async () => {
    const servers = [await listenTo(database), await listenTo(database)];
    for (const { outbox } of servers) await outbox.attend();
    await send(database, "both");
    await eventually(() => servers.every(({ topics }) => topics.includes("both")));
    for (const { outbox } of servers) await outbox.stop();
  });

  test("writers do not wait for each other: no session notifies", async () => {
    const { outbox } = await listenTo(database);
    const { rows } = await database.transaction(async (session) => {
      await session.query("select realtime.send('{}', 'event', 'quiet')");
      return session.query("select is_woken from realtime.servers");
    });
    expect(rows).toEqual([{ is_woken: false }]);
    await outbox.stop();
  });

  test("a database that fails for a while loses nothing", async () => {
    let isDown = false;
    const flaky: Database = {
      ...database,
      query: (statement, parameters) =>
        isDown && statement.includes("outbox_since")
          ? Promise.reject(new Error("connection lost"))
          : database.query(statement, parameters),
    };
    const { outbox, topics, log } = await listenTo(flaky);
    await outbox.attend();
    isDown = true;
    await eventually(() => log.length > 0);
    await send(database, "meanwhile");
    isDown = false;
    await eventually(() => topics.includes("meanwhile"));
    expect(log).toHaveLength(1);
    await outbox.stop();
  });
});

describe("on PGlite", () => {
  let database: Database;

  beforeAll(async () => {
    database = await openDatabase();
  });
  afterAll(() => database.close());

  test("nothing is put down while no server is there", async () => {
    await send(database, "unheard");
    expect(await pending(database)).toBe(0);
  });

  test("nobody is told what was sent before it attended or after it left", async () => {
    const { outbox, topics } = await listenTo(database);
    await send(database, "before");
    await outbox.attend();
    await send(database, "meanwhile");
    await eventually(() => topics.length > 0);
    outbox.leave();
    await send(database, "after");
    await outbox.attend();
    await send(database, "again");
    await eventually(() => topics.includes("again"));
    expect(topics).toEqual(["meanwhile", "again"]);
    await outbox.stop();
  });

  test("changes of a table are put down while somebody subscribes to it, and not otherwise", async () => {
    await database.transaction(
      (session) =>
        session.exec(`
          create table public.test_rows (id integer primary key);
          grant select on public.test_rows to anon;
          alter publication supabase_realtime add table public.test_rows;`),
      { role: "postgres" },
    );
    const { outbox, changes } = await listenTo(database);
    await outbox.attend();
    await database.query("insert into public.test_rows values (1)");
    const before = await pending(database);
    await database.query(
      `insert into realtime.subscription (subscription_id, entity, claims)
       values (gen_random_uuid(), 'public.test_rows', '{"role": "anon"}')`,
    );
    await database.query("insert into public.test_rows values (2)");
    await eventually(() => changes.length > 0);
    expect(await pending(database)).toBe(Number(before) + 1);
    await outbox.stop();
    await database.query("insert into public.test_rows values (3)");
    expect(await pending(database)).toBe(Number(before) + 1);
    // What it left behind is cleared by the next one that starts.
    const next = await listenTo(database);
    const { rows } = await database.query("select from realtime.subscription");
    expect(rows).toEqual([]);
    await next.outbox.stop();
  });
});
