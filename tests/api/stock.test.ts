import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type Actor, anon, customer, seller, service, support, unique } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { anOrderInput, aVariant, placeOrder, type Variant } from "../support/factories.ts";

let kit: Actor;
let sol: Actor;

beforeAll(async () => {
  [kit, sol] = await Promise.all([support(), seller()]);
});

const level = async ({ variantId }: Variant) =>
  ok(
    kit.client
      .from("stock_levels")
      .select("on_hand, reserved")
      .eq("variant_id", variantId)
      .single(),
  );
const available = async ({ variantId }: Variant) =>
  ok(
    anon()
      .client.from("variant_stock")
      .select("available, version")
      .eq("variant_id", variantId)
      .single(),
  );

describe("stock", () => {
  test("is adjusted with a reason, and the ledger keeps who, why and how many", async () => {
    const kettle = await aVariant({ onHand: 10 });
    const variant_id = kettle.variantId;
    await ok(kit.client.rpc("adjust_stock", { variant_id, quantity: 5, reason: "received" }));
    const left = await ok(
      kit.client.rpc("adjust_stock", {
        variant_id,
        quantity: -2,
        reason: "damaged",
        note: "Dented",
      }),
    );
    expect(left).toMatchObject({ on_hand: 13, reserved: 0 });
    const movements = kit.client
      .from("stock_movements")
      .select("quantity, reason, note, actor_id")
      .eq("variant_id", variant_id)
      .order("id");
    expect(await ok(movements)).toEqual([
      { quantity: 10, reason: "imported", note: null, actor_id: null },
      { quantity: 5, reason: "received", note: null, actor_id: kit.id },
      { quantity: -2, reason: "damaged", note: "Dented", actor_id: kit.id },
    ]);
  });

  test("counts an adjustment with one idempotency key once", async () => {
    const kettle = await aVariant({ onHand: 1 });
    const adjust = (quantity: number) =>
      kit.client.rpc("adjust_stock", {
        variant_id: kettle.variantId,
        quantity,
        reason: "received",
        idempotency_key: key,
      });
    const key = randomUUID();
    await ok(adjust(4));
    expect(await ok(adjust(4))).toMatchObject({ on_hand: 5 });
    expect(await refusal(adjust(7))).toMatchObject({ code: "idempotency_key_reused", status: 422 });
    expect(await level(kettle)).toEqual({ on_hand: 5, reserved: 0 });
  });

  test("never goes below what orders keep", async () => {
    const kettle = await aVariant({ onHand: 5 });
    const ada = await customer();
    await placeOrder(ada, anOrderInput({ lines: [{ variant: kettle, quantity: 3 }] }));
    const take = (quantity: number) =>
      kit.client.rpc("adjust_stock", { variant_id: kettle.variantId, quantity, reason: "lost" });
    expect(await refusal(take(-3))).toMatchObject({
      code: "stock_out_of_range",
      status: 409,
      details: { on_hand: 5, reserved: 3 },
    });
    await ok(take(-2));
    expect(await level(kettle)).toEqual({ on_hand: 3, reserved: 3 });
    expect(await available(kettle)).toMatchObject({ available: 0 });
  });

  test.each([
    ["quantity", { quantity: 0 }],
    ["quantity", { quantity: -1, reason: "received" }],
    ["quantity", { quantity: 1, reason: "lost" }],
    ["quantity", { quantity: 2_000_000_000 }],
    ["reason", { reason: "sold" }],
    ["warehouse_code", { warehouse_code: "NOWHERE" }],
    ["note", { note: "x".repeat(501) }],
  ])("refuses a wrong %s: %j", async (field, change) => {
    const kettle = await aVariant();
    const refused = await refusal(
      kit.client.rpc("adjust_stock", {
        variant_id: kettle.variantId,
        quantity: 1,
        reason: "adjusted",
        ...JSON.parse(JSON.stringify(change)),
      }),
    );
    expect(refused).toMatchObject({ code: "invalid_input", status: 422, details: { field } });
  });

  test("of a seller is the seller's to change, and nobody else's", async () => {
    const own = await aVariant({ as: sol });
    const shops = await aVariant();
    const adjust = ({ client }: Actor, { variantId }: Variant) =>
      client.rpc("adjust_stock", { variant_id: variantId, quantity: 1, reason: "received" });
    await ok(adjust(sol, own));
    expect(await refusal(adjust(sol, shops))).toMatchObject({
      code: "variant_not_found",
      status: 404,
    });
    expect(await level(shops)).toEqual({ on_hand: 10, reserved: 0 });
  });

  test("is set for many skus at once, each bad row named", async () => {
    const [kettle, lamp] = await Promise.all([aVariant({ onHand: 1 }), aVariant({ onHand: 2 })]);
    const rows = [
      { sku: kettle.sku, quantity: 20 },
      { sku: lamp.sku, quantity: 2 },
      { sku: "NO-SUCH-SKU", quantity: 1 },
      { sku: kettle.sku, quantity: 3 },
      { sku: lamp.sku, quantity: "five", warehouse: "MAIN" },
    ];
    expect(await ok(kit.client.rpc("set_stock", { rows }))).toEqual({
      updated: 1,
      unchanged: 1,
      errors: [
        { row: 2, sku: "NO-SUCH-SKU", field: "sku", message: expect.any(String) },
        { row: 3, sku: kettle.sku, field: "sku", message: expect.any(String) },
        { row: 4, sku: lamp.sku, field: "quantity", message: expect.any(String) },
      ],
    });
    expect(await level(kettle)).toMatchObject({ on_hand: 20 });
  });

  test("in two warehouses serves one order, by priority; a closed one sells nothing", async () => {
    const kettle = await aVariant({ onHand: 2 });
    const root = service();
    const code = unique("W").toUpperCase();
    await ok(
      root.client
        .from("warehouses")
        .insert({ code, name: "Shed", country: "GB", priority: 9 })
        .select(),
    );
    await ok(
      root.client.rpc("adjust_stock", {
        variant_id: kettle.variantId,
        quantity: 3,
        reason: "received",
        warehouse_code: code,
      }),
    );
    expect(await available(kettle)).toMatchObject({ available: 5 });
    const ada = await customer();
    const { order } = await placeOrder(
      ada,
      anOrderInput({ lines: [{ variant: kettle, quantity: 4 }] }),
    );
    const kept = root.client
      .from("reservations")
      .select("quantity")
      .eq("order_id", order.id)
      .order("quantity");
    expect((await ok(kept)).map(({ quantity }) => quantity)).toEqual([2, 2]);

    const warehouse = root.client.from("warehouses").update({ is_active: false }).eq("code", code);
    await ok(warehouse.select());
    expect(await available(kettle)).toMatchObject({ available: 0 });
  });

  test("that runs low is on the list of what runs low", async () => {
    const [few, many] = await Promise.all([aVariant({ onHand: 2 }), aVariant({ onHand: 500 })]);
    const low = kit.client
      .from("low_stock")
      .select("sku, available")
      .in("sku", [few.sku, many.sku]);
    expect(await ok(low)).toEqual([{ sku: few.sku, available: 2 }]);
  });

  test("has a version that grows with every change", async () => {
    const kettle = await aVariant();
    const before = await available(kettle);
    await ok(
      kit.client.rpc("adjust_stock", {
        variant_id: kettle.variantId,
        quantity: 1,
        reason: "received",
      }),
    );
    const after = await available(kettle);
    expect(after.available).toBe(before.available + 1);
    expect(after.version).toBeGreaterThan(before.version);
  });
});
