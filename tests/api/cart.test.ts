import { beforeAll, describe, expect, test } from "vitest";
import { Cart, Reordered } from "../../types/index.ts";
import { type Actor, customer, guest, service } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { anOrderInput, aVariant, placeOrder } from "../support/factories.ts";

let ada: Actor;

beforeAll(async () => {
  ada = await customer();
});

const unknown = "00000000-0000-4000-8000-000000000000";

const cartOf = async ({ client }: Actor): Promise<Cart> =>
  Cart.parse(await ok(client.rpc("get_cart")));
const add = async ({ client }: Actor, variant_id: string, quantity = 1): Promise<Cart> =>
  Cart.parse(await ok(client.rpc("add_to_cart", { variant_id, quantity })));
const set = async ({ client }: Actor, variant_id: string, quantity: number): Promise<Cart> =>
  Cart.parse(await ok(client.rpc("set_cart_item", { variant_id, quantity })));

describe("a cart", () => {
  test("belongs to its shopper, guest or account, and starts empty", async () => {
    const [gil, bo] = await Promise.all([guest(), customer("bo")]);
    const kettle = await aVariant();
    expect(await cartOf(gil)).toMatchObject({ id: null, items: [], total: 0, item_count: 0 });
    await add(gil, kettle.variantId);
    expect((await cartOf(gil)).item_count).toBe(1);
    expect((await cartOf(bo)).items).toEqual([]);
  });

  test("survives a guest's becoming an account", async () => {
    const gil = await guest();
    const kettle = await aVariant();
    await add(gil, kettle.variantId, 2);
    const email = `gil-${gil.id}@example.test`;
    const { error } = await gil.client.auth.updateUser({
      email,
      password: "correct horse battery",
    });
    expect(error).toBeNull();
    expect((await cartOf(gil)).item_count).toBe(2);
  });

  test("adds up at the shop's prices, sale prices included", async () => {
    const [kettle, lamp] = await Promise.all([
      aVariant({ price: 1_250 }),
      aVariant({ price: 4_000, salePrice: 3_000 }),
    ]);
    await ok(ada.client.rpc("clear_cart"));
    await add(ada, kettle.variantId, 2);
    await add(ada, kettle.variantId);
    const cart = await add(ada, lamp.variantId, 2);
    expect(cart).toMatchObject({ item_count: 5, subtotal: 9_750, total: 9_750, savings: 2_000 });
    expect(cart.items.map(({ sku, quantity, line_total }) => [sku, quantity, line_total])).toEqual([
      [kettle.sku, 3, 3_750],
      [lamp.sku, 2, 6_000],
    ]);
    expect(await set(ada, lamp.variantId, 0)).toMatchObject({ item_count: 3, total: 3_750 });
    expect(Cart.parse(await ok(ada.client.rpc("clear_cart")))).toMatchObject({
      items: [],
      total: 0,
    });
  });

  test("counts its version up with every change", async () => {
    const kettle = await aVariant();
    const before = await add(ada, kettle.variantId);
    expect((await set(ada, kettle.variantId, 4)).version).toBeGreaterThan(before.version);
    expect((await cartOf(ada)).version).toBe((await cartOf(ada)).version);
  });

  test("says when a price changed since it was put in, and charges today's", async () => {
    const kettle = await aVariant({ price: 1_000 });
    await ok(ada.client.rpc("clear_cart"));
    await add(ada, kettle.variantId);
    await ok(service().client.rpc("set_price", { variant_id: kettle.variantId, amount: 1_300 }));
    const [line] = (await cartOf(ada)).items;
    expect(line).toMatchObject({ unit_price: 1_300, price_seen: 1_000, price_changed: true });
    expect((await cartOf(ada)).total).toBe(1_300);
  });

  test("warns of lines that are short, sold out or no longer sold", async () => {
    const [few, none, gone] = await Promise.all([
      aVariant({ onHand: 2 }),
      aVariant({ onHand: 0 }),
      aVariant({ onHand: 50 }),
    ]);
    await ok(ada.client.rpc("clear_cart"));
    await add(ada, few.variantId, 3);
    await add(ada, none.variantId);
    await add(ada, gone.variantId);
    await ok(
      service()
        .client.from("products")
        .update({ status: "archived" })
        .eq("id", gone.productId)
        .select(),
    );
    const { items, total } = await cartOf(ada);
    expect(items.map(({ sku, warning }) => [sku, warning])).toEqual([
      [few.sku, "low_stock"],
      [none.sku, "out_of_stock"],
      [gone.sku, "unavailable"],
    ]);
    expect(total).toBe(few.price * 3 + none.price);
  });

  test.each([
    ["an unknown variant", { variant_id: unknown, quantity: 1 }, 404, "variant_not_found"],
    ["no pieces", { quantity: 0 }, 422, "invalid_input"],
    ["less than no pieces", { quantity: -1 }, 422, "invalid_input"],
    ["a thousand million pieces", { quantity: 1_000_000_000 }, 422, "invalid_input"],
    ["more pieces than an integer holds", { quantity: 10_000_000_000 }, 400, "22003"],
    ["pieces in words", { quantity: "three" }, 400, "22P02"],
    ["half a piece", { quantity: 1.5 }, 400, "22P02"],
    ["an id that is none", { variant_id: "kettle" }, 400, "22P02"],
  ])("refuses %s and stays as it was", async (_, input, status, code) => {
    const kettle = await aVariant();
    const before = await cartOf(ada);
    const loose = JSON.parse(JSON.stringify({ variant_id: kettle.variantId, ...input }));
    expect(await refusal(ada.client.rpc("add_to_cart", loose))).toMatchObject({ status, code });
    expect(await cartOf(ada)).toEqual(before);
  });

  test("takes no draft and no archived product", async () => {
    const kettle = await aVariant();
    for (const status of ["draft", "archived"] as const) {
      const change = service().client.from("products").update({ status });
      await ok(change.eq("id", kettle.productId).select());
      const refused = await refusal(
        ada.client.rpc("add_to_cart", { variant_id: kettle.variantId }),
      );
      expect(refused).toMatchObject({ code: "product_unavailable", status: 409 });
    }
  });
});

describe("ordering again", () => {
  test("puts what is still sold into the cart and names the rest", async () => {
    const [kettle, lamp] = await Promise.all([aVariant(), aVariant()]);
    const bo = await customer("bo");
    const { order } = await placeOrder(
      bo,
      anOrderInput({ lines: [{ variant: kettle, quantity: 2 }, { variant: lamp }] }),
    );
    await ok(
      service()
        .client.from("products")
        .update({ status: "archived" })
        .eq("id", lamp.productId)
        .select(),
    );
    const again = Reordered.parse(await ok(bo.client.rpc("reorder", { order_id: order.id })));
    expect(again.cart.items.map(({ sku, quantity }) => [sku, quantity])).toEqual([[kettle.sku, 2]]);
    expect(again.skipped).toEqual([{ sku: lamp.sku, title: lamp.title, reason: "unavailable" }]);
  });
});
