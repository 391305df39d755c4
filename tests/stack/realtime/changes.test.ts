import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { openPostgres } from "../../../stack/database/postgres.ts";
import {
  connect,
  disconnectAll,
  eventually,
  openSocket,
  tokenOf,
  uniqueName,
} from "../../platform/realtime/support.ts";
import { type NativePostgres, startNativePostgres } from "../../support/native-postgres.ts";
import { type Server, startServer } from "./support.ts";

let native: NativePostgres;
let database: Database;
let server: Server;

beforeAll(async () => {
  native = await startNativePostgres();
  database = openPostgres(native.url);
  await ensurePlatform(database);
  await database.transaction(
    (session) =>
      session.exec(`
        create table public.test_parcels (
          id bigint generated always as identity primary key,
          batch text not null,
          owner_id text,
          state integer not null default 0
        );
        alter table public.test_parcels enable row level security;
        grant select on public.test_parcels to authenticated;
        -- Whoever's claims say so waits, or fails.
        create policy select_own on public.test_parcels for select to authenticated
          using (
            owner_id = auth.jwt() ->> 'sub'
            and case auth.jwt() ->> 'policy'
              when 'slow' then pg_sleep(10) is not null
              when 'broken' then 1 / (state - state) = 1
              else true
            end
          );
        alter publication supabase_realtime add table public.test_parcels;`),
    { role: "postgres" },
  );
  server = await startServer(database);
});
afterEach(disconnectAll);
afterAll(async () => {
  await server?.stop();
  await database?.close();
  await native?.stop();
});

/** Watches parcels of a batch as this user. */
const watch = async (sub: string, batch: string, claims: Record<string, string> = {}) => {
  const client = connect(server, { token: await tokenOf(server, sub, claims) });
  const states: unknown[] = [];
  const errors: unknown[] = [];
  const told: string[] = [];
  client
    .channel(uniqueName())
    .on(
      "postgres_changes",
      { event: "*", schema: "public", table: "test_parcels", filter: `batch=eq.${batch}` },
      (change) => {
        if ("state" in change.new) states.push(change.new.state);
        errors.push(...(change.errors ?? []));
      },
    )
    .on("system", {}, ({ message }) => told.push(message))
    .subscribe();
  await eventually(() => told.length > 0);
  return { states, errors, told };
};

const insert = (batch: string, owner: string, state = 0) =>
  database.query("insert into public.test_parcels (batch, owner_id, state) values ($1, $2, $3)", [
    batch,
    owner,
    state,
  ]);

test("changes of many sessions at once reach each owner, all of them and in the order of each row", async () => {
  const batch = uniqueName();
  const owners = Array.from({ length: 5 }, () => randomUUID());
  const watchers = await Promise.all(owners.map((owner) => watch(owner, batch)));
  await Promise.all(owners.map((owner) => insert(batch, owner)));
  const moves = 40;
  await Promise.all(
    owners.flatMap((owner) =>
      Array.from({ length: moves }, () =>
        database.query(
          "update public.test_parcels set state = state + 1 where batch = $1 and owner_id = $2",
          [batch, owner],
        ),
      ),
    ),
  );
  const expected = Array.from({ length: moves + 1 }, (_, state) => state);
  for (const { states } of watchers) {
    await eventually(() => states.length > moves);
    expect(states).toEqual(expected);
  }
});

test("a change that was committed late is heard though later ones were heard before", async () => {
  const batch = uniqueName();
  const owner = randomUUID();
  const { states } = await watch(owner, batch);
  await database.transaction(async (session) => {
    await session.query(
      "insert into public.test_parcels (batch, owner_id, state) values ($1, $2, 1)",
      [batch, owner],
    );
    await insert(batch, owner, 2);
    await eventually(() => states.length > 0);
  });
  await eventually(() => states.length > 1);
  expect(states).toEqual([2, 1]);
});

test("a policy that keeps one caller waiting ends that one's subscription, and nobody else's", async () => {
  const batch = uniqueName();
  const [slow, other] = [randomUUID(), randomUUID()];
  const waiting = await watch(slow, batch, { policy: "slow" });
  const healthy = await watch(other, batch);
  const channel = await watch(other, uniqueName());
  await insert(batch, slow, 1);
  await insert(batch, other, 1);
  await eventually(() => waiting.told.length > 1);
  expect(waiting.told).toEqual(["Subscribed to PostgreSQL", "Policies took too long to answer"]);
  await insert(batch, slow, 2);
  await insert(batch, other, 2);
  await eventually(() => healthy.states.length > 1);
  expect(healthy.states).toEqual([1, 2]);
  expect(healthy.told).toEqual(["Subscribed to PostgreSQL"]);
  expect(channel.told).toEqual(["Subscribed to PostgreSQL"]);
  expect(waiting.states).toEqual([]);
});

test("a policy that fails for one caller is an error to that one only", async () => {
  const batch = uniqueName();
  const owner = randomUUID();
  const broken = await watch(owner, batch, { policy: "broken" });
  const healthy = await watch(owner, batch);
  await insert(batch, owner, 1);
  await eventually(() => broken.errors.length > 0 && healthy.states.length > 0);
  expect(broken).toMatchObject({
    states: [],
    errors: ["Error 500: Internal Server Error, RLS policy evaluation failed"],
  });
  expect(healthy).toMatchObject({ states: [1], errors: [] });
});

test("a subscriber that stops reading is dropped while the others hear everything", async () => {
  const batch = uniqueName();
  const owner = randomUUID();
  await database.query("alter table public.test_parcels add column if not exists body text");
  const dead = await openSocket(server);
  const bindings = [{ event: "*", schema: "public", table: "test_parcels" }];
  const token = await tokenOf(server, owner);
  const payload = { config: { postgres_changes: bindings }, access_token: token };
  dead.send(["1", "1", "realtime:dead", "phx_join", payload]);
  await eventually(() => dead.frames.length >= 2);
  dead.socket.pause();
  const { states } = await watch(owner, batch);
  const count = 30;
  for (let state = 0; state < count; state++) {
    await database.query(
      `insert into public.test_parcels (batch, owner_id, state, body)
       values ($1, $2, $3, repeat('x', 900000))`,
      [batch, owner, state],
    );
  }
  await eventually(() => states.length >= count);
  expect(states).toEqual(Array.from({ length: count }, (_, state) => state));
  dead.socket.resume();
  expect(await dead.closed).toBe(1006);
});

test("subscriptions of clients that are gone are taken out of the database", async () => {
  const batch = uniqueName();
  await watch(randomUUID(), batch);
  const left = async () => {
    const { rows } = await database.query(
      "select count(*)::integer as count from realtime.subscription s where s.filters::text like $1",
      [`%${batch}%`],
    );
    return Number(rows[0]?.count);
  };
  expect(await left()).toBe(1);
  await disconnectAll();
  await expect.poll(left).toBe(0);
});
