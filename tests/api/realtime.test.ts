import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OrderEventPayload, PriceChangedPayload, StockChangedPayload } from "../../types/index.ts";
import {
  type Actor,
  admin,
  anon,
  customer,
  guest,
  seller,
  service,
  support,
} from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { type Listener, listen } from "../support/channels.ts";
import { anOrderInput, aVariant, placeOrder, type Variant } from "../support/factories.ts";

let ada: Actor;
let bo: Actor;
let gil: Actor;
let kit: Actor;
let mod: Actor;
let sol: Actor & { sellerId: string };
let sam: Actor & { sellerId: string };
let kettle: Variant;
let lamp: Variant;
const looker = anon();
const root = service();

beforeAll(async () => {
  [ada, bo, gil, kit, mod, sol, sam] = await Promise.all([
    customer("ada"),
    customer("bo"),
    guest(),
    support(),
    admin(),
    seller("sol"),
    seller("sam"),
  ]);
  kettle = await aVariant({ as: sol, onHand: 100 });
  lamp = await aVariant({ onHand: 100 });
});

const open: Listener[] = [];
const hear = async (actor: Actor, topic: string): Promise<Listener> => {
  const listener = await listen(actor, topic);
  open.push(listener);
  return listener;
};
afterAll(async () => {
  await Promise.all(open.map((listener) => listener.close()));
  await Promise.all(
    [ada, bo, gil, kit, mod, sol, sam, looker].map(({ client }) => client.removeAllChannels()),
  );
});

const order = (buyer: Actor, ...variants: Variant[]) =>
  placeOrder(buyer, anOrderInput({ lines: variants.map((variant) => ({ variant })) }));

const setStatus = (order_id: string, status: "processing" | "shipped" | "delivered") =>
  ok(root.client.rpc("set_order_status", { order_id, status }));

describe("a new order", () => {
  test("is heard by its buyer, its seller and staff, with ids and states, and by nobody else", async () => {
    const [buyer, stranger, merchant, other, desk] = await Promise.all([
      hear(ada, `user:${ada.id}`),
      hear(bo, `user:${bo.id}`),
      hear(sol, `seller:${sol.sellerId}`),
      hear(sam, `seller:${sam.sellerId}`),
      hear(kit, "admin:orders"),
    ]);
    const { order: placed } = await order(ada, kettle, lamp);
    for (const listener of [buyer, merchant, desk]) {
      const payload = await listener.next("order.created", { order_id: placed.id });
      expect(OrderEventPayload.parse(payload)).toMatchObject({
        number: placed.number,
        status: "confirmed",
        payment_status: "pending",
        version: placed.version,
      });
      expect(JSON.stringify(payload)).not.toMatch(/example\.test|St James/);
    }
    // An order of Bo's that is heard by him tells that what is not for him would have come by now.
    const { order: later } = await order(bo, lamp);
    await stranger.next("order.created", { order_id: later.id });
    await desk.next("order.created", { order_id: later.id });
    expect(stranger.heard.map(({ payload }) => payload.order_id)).toEqual([later.id]);
    expect(other.heard).toEqual([]);
  });

  test("of a guest is heard by the guest", async () => {
    const listener = await hear(gil, `user:${gil.id}`);
    const { order: placed } = await order(gil, lamp);
    await listener.next("order.created", { order_id: placed.id });
  });
});

describe("an order's states", () => {
  test("are heard as they change, with versions that grow", async () => {
    const { order: placed } = await order(ada, kettle);
    const [own, desk] = await Promise.all([
      hear(ada, `order:${placed.id}`),
      hear(mod, "admin:orders"),
    ]);
    const versions: number[] = [];
    for (const status of ["processing", "shipped", "delivered"] as const) {
      await setStatus(placed.id, status);
      const payload = await own.next("order.status", { order_id: placed.id, status });
      versions.push(OrderEventPayload.parse(payload).version);
      await desk.next("order.status", { order_id: placed.id, status });
    }
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
    await own.next("payment.status", { order_id: placed.id, payment_status: "paid" });
  });

  test("are not heard when nothing came of the change", async () => {
    const { order: placed } = await order(ada, lamp);
    const own = await hear(ada, `order:${placed.id}`);
    await bo.client.rpc("cancel_order", { order_id: placed.id });
    await ada.client.rpc("set_order_status", { order_id: placed.id, status: "shipped" });
    await setStatus(placed.id, "processing");
    await own.next("order.status", { status: "processing" });
    expect(own.heard.map(({ payload }) => payload.status)).toEqual(["processing"]);
  });
});

describe("stock and price", () => {
  test("are heard by whoever looks at the product, signed in or not", async () => {
    const lookers = await Promise.all(
      [looker, gil, ada].map((actor) => hear(actor, `product:${lamp.productId}`)),
    );
    const desk = await hear(kit, "admin:stock");
    await order(bo, lamp);
    for (const listener of [...lookers, desk]) {
      const payload = await listener.next("stock.changed", { variant_id: lamp.variantId });
      expect(StockChangedPayload.parse(payload)).toMatchObject({ in_stock: true });
    }
    await ok(root.client.rpc("set_price", { variant_id: lamp.variantId, amount: 999 }));
    for (const listener of lookers) {
      const payload = await listener.next("price.changed", { product_id: lamp.productId });
      expect(PriceChangedPayload.parse(payload)).toMatchObject({ price: 999 });
    }
    const elsewhere = lookers
      .flatMap(({ heard }) => heard)
      .filter(({ payload }) => payload.product_id !== lamp.productId);
    expect(elsewhere).toEqual([]);
  });
});

describe("a channel is closed to those who may not read its rows:", () => {
  let placedId: string;
  let draft: Variant;
  beforeAll(async () => {
    placedId = (await order(ada, kettle)).order.id;
    draft = await aVariant({ as: sol });
    const hidden = root.client.from("products").update({ status: "draft" });
    await ok(hidden.eq("id", draft.productId).select("id"));
  });

  test.each<[string, string, () => [Actor, string]]>([
    ["a stranger", "an order", () => [bo, `order:${placedId}`]],
    ["a guest", "an order", () => [gil, `order:${placedId}`]],
    ["who is not signed in", "an order", () => [looker, `order:${placedId}`]],
    ["a stranger", "somebody's own channel", () => [bo, `user:${ada.id}`]],
    ["even staff", "somebody's own channel", () => [kit, `user:${ada.id}`]],
    ["another seller", "a seller's channel", () => [sam, `seller:${sol.sellerId}`]],
    ["a customer", "a seller's channel", () => [ada, `seller:${sol.sellerId}`]],
    ["a customer", "the order desk", () => [ada, "admin:orders"]],
    ["a seller", "the order desk", () => [sol, "admin:orders"]],
    ["who is not signed in", "the stock desk", () => [looker, "admin:stock"]],
    ["who is not signed in", "a draft", () => [looker, `product:${draft.productId}`]],
    ["a customer", "a draft", () => [ada, `product:${draft.productId}`]],
    ["another seller", "a draft", () => [sam, `product:${draft.productId}`]],
    ["a customer", "a topic that is none", () => [ada, "everything"]],
    ["a customer", "a topic with a pattern", () => [ada, "order:%"]],
    ["a customer", "a topic with SQL in it", () => [ada, "order:' or true --"]],
  ])("%s at %s", async (_, __, make) => {
    const [actor, topic] = make();
    await expect(listen(actor, topic)).rejects.toThrow();
  });

  test("its seller and staff hear of a draft's stock", async () => {
    const topic = `product:${draft.productId}`;
    const listeners = await Promise.all([hear(sol, topic), hear(kit, topic)]);
    await ok(root.client.rpc("set_stock", { rows: [{ sku: draft.sku, quantity: 3 }] }));
    for (const listener of listeners) await listener.next("stock.changed", { available: 3 });
  });

  test("nobody speaks in the shop's name, not even into a channel they hear", async () => {
    const own = await hear(ada, `order:${placedId}`);
    const topic = `order:${placedId}`;
    const channel = ada.client.getChannels().find((one) => one.topic.endsWith(topic));
    await channel?.send({
      type: "broadcast",
      event: "order.status",
      payload: { status: "forged" },
    });
    await setStatus(placedId, "processing");
    await own.next("order.status", { status: "processing" });
    expect(own.heard.map(({ payload }) => payload.status)).toEqual(["processing"]);
  });

  test("a role that was revoked hears no more after joining again", async () => {
    const former = await support();
    await listen(former, "admin:orders").then((listener) => listener.close());
    await ok(root.client.rpc("revoke_role", { user_id: former.id, role: "support" }));
    await expect(listen(former, "admin:orders")).rejects.toThrow();
  });
});
