import { beforeAll, describe, expect, test } from "vitest";
import { TrackedOrder } from "../../types/index.ts";
import { type Actor, admin, customer, seller, service, support } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { anOrderInput, aVariant, placeOrder } from "../support/factories.ts";

let ada: Actor;
let kit: Actor;
let mod: Actor;
const root = service();

beforeAll(async () => {
  [ada, kit, mod] = await Promise.all([customer("ada"), support(), admin()]);
});

const anOrder = async (provider: "cod" | "stripe" = "cod", buyer = ada) => {
  const kettle = await aVariant({ onHand: 10, price: 2_000 });
  const input = anOrderInput({ lines: [{ variant: kettle, quantity: 3 }], provider });
  const { order } = await placeOrder(buyer, input);
  return { kettle, order, id: order.id };
};

type Status = "confirmed" | "processing" | "shipped" | "delivered" | "cancelled" | "returned";

const set = (order_id: string, status: Status, more: object = {}, { client }: Actor = kit) =>
  client.rpc("set_order_status", { order_id, status, ...more });

const track = async (order_id: string, { client }: Actor = ada): Promise<TrackedOrder> =>
  TrackedOrder.parse(await ok(client.rpc("track_order", { order_id })));

const stockOf = async (variant_id: string) =>
  ok(
    kit.client
      .from("stock_levels")
      .select("on_hand, reserved")
      .eq("variant_id", variant_id)
      .single(),
  );

describe("order history", () => {
  test("lists a shopper's own orders, newest first, with their lines", async () => {
    const bo = await customer("bo");
    const placed = [await anOrder("cod", bo), await anOrder("stripe", bo)];
    const rows = await ok(
      bo.client
        .from("orders")
        .select("number, total, order_items(title, quantity)")
        .order("placed_at", { ascending: false }),
    );
    expect(rows).toEqual(
      placed.toReversed().map(({ order, kettle }) => ({
        number: order.number,
        total: order.total,
        order_items: [{ title: kettle.title, quantity: 3 }],
      })),
    );
  });

  test("keeps title, price and address as they were when it was placed", async () => {
    const { kettle, id } = await anOrder();
    const before = await track(id);
    const products = root.client.from("products").update({ title: "Renamed", status: "archived" });
    await ok(products.eq("id", kettle.productId).select());
    await ok(root.client.rpc("set_price", { variant_id: kettle.variantId, amount: 9_999 }));
    expect(await track(id)).toEqual(before);
  });

  test("is not rewritten by anybody, not even with the secret key", async () => {
    const { id } = await anOrder();
    const before = await track(id);
    for (const change of [{ total: 1, subtotal: 1 }, { status: "delivered" }] as const) {
      const { client } = root;
      const refused = await refusal(client.from("orders").update(change).eq("id", id).select());
      expect([403, 409]).toContain(refused.status);
    }
    expect(await track(id)).toEqual(before);
  });

  test("shows a seller the orders with their goods, and only their lines of them", async () => {
    const sol = await seller();
    const [own, shops] = await Promise.all([aVariant({ as: sol }), aVariant()]);
    await placeOrder(ada, anOrderInput({ lines: [{ variant: own }, { variant: shops }] }));
    await placeOrder(ada, anOrderInput({ lines: [{ variant: shops }] }));
    const rows = await ok(sol.client.from("orders").select("order_items(sku)"));
    expect(rows).toEqual([{ order_items: [{ sku: own.sku }] }]);
  });
});

describe("an order's way", () => {
  test("goes from confirmed to delivered; the goods leave with the parcel, the cash comes at the door", async () => {
    const { kettle, id } = await anOrder();
    await ok(set(id, "processing"));
    expect(await stockOf(kettle.variantId)).toEqual({ on_hand: 10, reserved: 3 });
    await ok(
      set(id, "shipped", { tracking_number: "RM123456789GB", tracking_carrier: "Royal Mail" }),
    );
    expect(await stockOf(kettle.variantId)).toEqual({ on_hand: 7, reserved: 0 });
    await ok(set(id, "delivered"));

    const { order, events, payments } = await track(id);
    expect(order).toMatchObject({
      status: "delivered",
      payment_status: "paid",
      tracking_number: "RM123456789GB",
      tracking_carrier: "Royal Mail",
    });
    expect(payments).toMatchObject([{ status: "captured", captured_amount: order.total }]);
    expect(
      events.filter(({ kind }) => kind === "status").map(({ to_status }) => to_status),
    ).toEqual(["processing", "shipped", "delivered"]);
  });

  test("back again puts the goods into stock, with a movement", async () => {
    const { kettle, id } = await anOrder();
    for (const status of ["shipped", "delivered", "returned"] as const) await ok(set(id, status));
    expect(await stockOf(kettle.variantId)).toEqual({ on_hand: 10, reserved: 0 });
    const moved = kit.client.from("stock_movements").select("quantity, reason").eq("order_id", id);
    expect(await ok(moved.order("id"))).toEqual([
      { quantity: -3, reason: "sold" },
      { quantity: 3, reason: "returned" },
    ]);
  });

  test.each<[Status[], Status]>([
    [[], "confirmed"],
    [[], "delivered"],
    [[], "returned"],
    [["shipped"], "processing"],
    [["shipped"], "cancelled"],
    [["shipped", "delivered"], "shipped"],
    [["cancelled"], "processing"],
    [["cancelled"], "confirmed"],
    [["shipped", "delivered", "returned"], "delivered"],
  ])("after confirmed %j does not lead to %s", async (path, to) => {
    const { id } = await anOrder();
    for (const status of path) await ok(set(id, status, { note: "On its way" }));
    const last = path.at(-1) ?? "confirmed";
    if (last === to) return;
    expect(await refusal(set(id, to, { note: "Why not" }))).toMatchObject({
      code: "invalid_transition",
      status: 409,
      details: { from: last, to },
    });
  });

  test("does not start before a card order is paid", async () => {
    const { id } = await anOrder("stripe");
    for (const status of ["confirmed", "processing", "shipped"] as const) {
      expect((await refusal(set(id, status))).code).toMatch(/^order_not_paid$/);
    }
    expect((await track(id)).order.status).toBe("pending");
  });

  test("is moved by support and admins, on the version they saw", async () => {
    const { id, order } = await anOrder();
    expect(await refusal(set(id, "processing", {}, ada))).toMatchObject({
      code: "forbidden",
      status: 403,
    });
    await ok(set(id, "processing", { expected_version: order.version }, mod));
    const stale = await refusal(set(id, "shipped", { expected_version: order.version }));
    expect(stale).toMatchObject({ code: "stale_version", status: 409 });
    expect(stale.details.version).toBeGreaterThan(order.version);
  });

  test("shows the buyer what concerns them; staff notes stay with staff", async () => {
    const { id } = await anOrder();
    await ok(set(id, "processing", { note: "Packed by two" }));
    await ok(set(id, "processing", { note: "Check the lid" }));
    const messages = ({ events }: TrackedOrder) => events.map(({ message }) => message);
    expect(messages(await track(id))).not.toContain("Check the lid");
    expect(messages(await track(id, kit))).toContain("Check the lid");
  });

  test.each([
    ["tracking_number", { tracking_number: "x".repeat(101) }],
    ["note", { note: "x".repeat(1_001) }],
  ])("refuses a %s that is too long", async (field, more) => {
    const { id } = await anOrder();
    const refused = await refusal(set(id, "shipped", more));
    expect(refused).toMatchObject({ code: "invalid_input", status: 422, details: { field } });
  });
});

describe("cancelling", () => {
  test("by the buyer frees the goods until they are shipped; twice is once", async () => {
    const { kettle, id } = await anOrder();
    const cancel = () =>
      ada.client.rpc("cancel_order", { order_id: id, reason: "Too many kettles" });
    expect(await ok(cancel())).toMatchObject({
      status: "cancelled",
      cancel_reason: "Too many kettles",
    });
    expect(await stockOf(kettle.variantId)).toEqual({ on_hand: 10, reserved: 0 });
    const { version } = await ok(cancel());
    expect((await ok(cancel())).version).toBe(version);
    expect((await track(id)).payments).toMatchObject([{ status: "cancelled" }]);
  });

  test("after the parcel has left is too late", async () => {
    const { kettle, id } = await anOrder();
    await ok(set(id, "shipped"));
    expect(await refusal(ada.client.rpc("cancel_order", { order_id: id }))).toMatchObject({
      code: "invalid_transition",
      details: { from: "shipped", to: "cancelled" },
    });
    expect(await stockOf(kettle.variantId)).toEqual({ on_hand: 7, reserved: 0 });
  });

  test("by staff needs a reason, which the buyer reads", async () => {
    const { id } = await anOrder();
    const bare = await refusal(kit.client.rpc("cancel_order", { order_id: id }));
    expect(bare).toMatchObject({ code: "invalid_input", details: { field: "reason" } });
    await ok(kit.client.rpc("cancel_order", { order_id: id, reason: "Recalled by the maker" }));
    const { order, events } = await track(id);
    expect(order.cancel_reason).toBe("Recalled by the maker");
    expect(events.at(-1)).toMatchObject({
      to_status: "cancelled",
      message: "Recalled by the maker",
    });
  });
});
