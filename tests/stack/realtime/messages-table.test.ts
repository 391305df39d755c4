import { afterAll, beforeAll, expect, test } from "vitest";
import { openPglite } from "../../../stack/database/pglite.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { createRealtime } from "../../../stack/realtime/realtime.ts";

let database: Awaited<ReturnType<typeof openPglite>>;

beforeAll(async () => {
  database = await openPglite({});
  await ensurePlatform(database);
});
afterAll(() => database.close());

const partitions = async () => {
  const { rows } = await database.query(
    `select c.relname from pg_catalog.pg_inherits i
     join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'realtime.messages'::regclass order by 1`,
  );
  return rows.map(({ relname }) => String(relname));
};

const partitionOf = (daysFromNow: number) => {
  const day = new Date(Date.now() + daysFromNow * 24 * 60 * 60 * 1000);
  return `messages_${day.toISOString().slice(0, 10).replaceAll("-", "_")}`;
};

const insertFrom = (days: number) =>
  database.query(
    `insert into realtime.messages (topic, extension, inserted_at)
     values ('t', 'broadcast', (now() at time zone 'utc') + $1 * interval '1 day')`,
    [days],
  );

test("the server makes the partitions of the coming days and drops those older than three", async () => {
  await database.session((session) =>
    session.exec(
      `drop table realtime.${partitionOf(2)};
       create table realtime.messages_2020_01_01 partition of realtime.messages
         for values from ('2020-01-01') to ('2020-01-02')`,
    ),
  );
  await insertFrom(-10);
  const log: string[] = [];
  const realtime = await createRealtime({
    database,
    keys: { publishable: "p", secret: "s" },
    verifyToken: async () => ({}),
    log: (message) => log.push(message),
  });
  expect(await partitions()).toEqual([-1, 0, 1, 2, 3].map(partitionOf).concat("messages_default"));
  expect((await database.query("select from realtime.messages")).rows).toEqual([]);
  await realtime.stop();
  expect(log).toEqual([]);
});

test("a message of a day without a partition is kept, and does not hinder the upkeep", async () => {
  await insertFrom(5);
  await database.query("select realtime.maintain_messages()");
  const { rows } = await database.query(
    "select tableoid::regclass::text as home from realtime.messages",
  );
  expect(rows).toEqual([{ home: "realtime.messages_default" }]);
});

test("as postgres, migrations create policies and publish tables, and nothing more is needed", async () => {
  await database.transaction(
    async (session) => {
      await session.exec(`
        create policy test_policy on realtime.messages for select to authenticated using (true);
        drop policy test_policy on realtime.messages;
        create table public.test_watched (id int primary key);
        alter publication supabase_realtime add table public.test_watched;
        drop table public.test_watched;`);
    },
    { role: "postgres" },
  );
});

test.each(["anon", "authenticated", "service_role", "postgres"])(
  "%s cannot run the functions that are the server's",
  async (role) => {
    for (const call of [
      "realtime.maintain_messages()",
      "realtime.authorize('anon', 't', '{}', '{}', '{}', '{}')",
      "realtime.outbox_since('1:1:')",
      "realtime.stored_messages('[]')",
      "realtime.keep_server(gen_random_uuid(), false, 1)",
      "realtime.deliveries('{}')",
      "realtime.act_as('service_role', '{}')",
    ]) {
      await expect(
        database.rehearse((session) => session.query(`select ${call}`), { role }),
      ).rejects.toThrow("permission denied");
    }
  },
);

test.each(["anon", "authenticated", "service_role"])(
  "%s cannot read what the server keeps",
  async (role) => {
    for (const table of ["servers", "outbox", "subscription"]) {
      await expect(
        database.rehearse((session) => session.query(`select from realtime.${table}`), { role }),
      ).rejects.toThrow("permission denied");
    }
  },
);

test("without policies nobody but the service reads or writes messages", async () => {
  await database.query("select realtime.send('{}', 'e', 'secret')");
  for (const role of ["anon", "authenticated"]) {
    const { rows } = await database.rehearse(
      (session) => session.query("select from realtime.messages where topic = 'secret'"),
      { role },
    );
    expect(rows).toEqual([]);
    await expect(
      database.rehearse(
        (session) =>
          session.query(
            "insert into realtime.messages (topic, extension) values ('t', 'broadcast')",
          ),
        { role },
      ),
    ).rejects.toThrow("row-level security");
  }
});
