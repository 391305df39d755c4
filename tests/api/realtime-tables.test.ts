import type { RealtimePostgresChangesPayload } from "@supabase/supabase-js";
import { afterAll, expect, test } from "vitest";
import { type Actor, customer, service, support } from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { anOrderInput, aVariant, placeOrder } from "../support/factories.ts";

const watching: Actor[] = [];

afterAll(() => Promise.all(watching.map(({ client }) => client.removeAllChannels())));

type Row = Record<string, unknown>;

/** The rows of a table that this actor is told of from now on, and how often each was changed. */
const watch = async (actor: Actor, table: string) => {
  watching.push(actor);
  await actor.client.realtime.setAuth();
  const changes: RealtimePostgresChangesPayload<Row>[] = [];
  const told: string[] = [];
  actor.client
    .channel(`${table} of ${Math.random()}`)
    .on("postgres_changes", { event: "*", schema: "public", table }, (change) =>
      changes.push(change),
    )
    .on("system", {}, ({ message }) => told.push(message))
    .subscribe();
  await expect.poll(() => told).toEqual(["Subscribed to PostgreSQL"]);
  return (matches: Row) =>
    changes.filter(({ new: row }) =>
      Object.entries(matches).every(([key, value]) => key in row && Object(row)[key] === value),
    );
};

test("an order's row is told to its buyer and to staff, and to no other buyer", async () => {
  const [ada, bo, kit] = await Promise.all([customer("ada"), customer("bo"), support()]);
  const [adas, bos, kits] = await Promise.all(
    [ada, bo, kit].map((actor) => watch(actor, "orders")),
  );
  const variant = await aVariant({ onHand: 5 });
  const { id } = (await placeOrder(ada, anOrderInput({ lines: [{ variant }] }))).order;
  const mark = (await placeOrder(bo, anOrderInput({ lines: [{ variant }] }))).order;
  await ok(service().client.rpc("set_order_status", { order_id: id, status: "processing" }));
  await expect.poll(() => adas?.({ id, status: "processing" })).toHaveLength(1);
  await expect.poll(() => kits?.({ id, status: "processing" })).toHaveLength(1);
  await expect.poll(() => bos?.({ id: mark.id })).not.toEqual([]);
  expect(bos?.({ id })).toEqual([]);
});

test("stock of a product on sale is told to whoever looks", async () => {
  const variant = await aVariant({ onHand: 5 });
  const ada = await customer("ada");
  const rows = await watch(ada, "variant_stock");
  await placeOrder(ada, anOrderInput({ lines: [{ variant, quantity: 2 }] }));
  await expect.poll(() => rows({ variant_id: variant.variantId, available: 3 })).not.toEqual([]);
});
