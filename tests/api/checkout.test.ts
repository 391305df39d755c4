import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { Cart, Quote } from "../../types/index.ts";
import { type Actor, anon, customer, guest, service } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import {
  anAddress,
  anOrderInput,
  aVariant,
  placeOrder,
  type Variant,
} from "../support/factories.ts";

let ada: Actor;
let bo: Actor;
let gil: Actor;
const root = service();

beforeAll(async () => {
  [ada, bo, gil] = await Promise.all([customer("ada"), customer("bo"), guest()]);
});

const quote = async ({ client }: Actor, input: object): Promise<Quote> =>
  Quote.parse(await ok(client.rpc("quote_checkout", { input: JSON.parse(JSON.stringify(input)) })));

const place = ({ client }: Actor, input: object) =>
  client.rpc("place_order", { input: JSON.parse(JSON.stringify(input)) });

const available = async ({ variantId }: Variant) =>
  (
    await ok(
      anon().client.from("variant_stock").select("available").eq("variant_id", variantId).single(),
    )
  ).available;

const archive = ({ productId }: Variant) =>
  ok(root.client.from("products").update({ status: "archived" }).eq("id", productId).select());

describe("a quote", () => {
  test("itemises what place_order then charges", async () => {
    const [kettle, lamp] = await Promise.all([
      aVariant({ price: 1_999 }),
      aVariant({ price: 4_000, salePrice: 3_333 }),
    ]);
    const input = anOrderInput({ lines: [{ variant: kettle, quantity: 3 }, { variant: lamp }] });
    const quoted = await quote(ada, input);
    expect(quoted).toMatchObject({ item_count: 4, subtotal: 9_330, discount: 0, problems: [] });
    expect(quoted.items.map(({ line_total }) => line_total)).toEqual([5_997, 3_333]);
    const { order } = await placeOrder(ada, input);
    const { subtotal, discount, shipping, tax, total, shipping_method } = quoted;
    expect(order).toMatchObject({ subtotal, discount, shipping, tax, total, shipping_method });
  });

  test("is given for the cart, for a default address and for somebody who only looks", async () => {
    const kettle = await aVariant();
    expect((await quote(bo, {})).problems.map(({ code }) => code)).toEqual(["cart_empty"]);
    await ok(bo.client.rpc("add_to_cart", { variant_id: kettle.variantId, quantity: 2 }));
    await ok(
      bo.client
        .from("addresses")
        .insert({ ...anAddress, country: "DE", postal_code: "10117", is_default_shipping: true })
        .select(),
    );
    expect(await quote(bo, {})).toMatchObject({ country: "DE", item_count: 2 });
    const items = [{ variant_id: kettle.variantId, quantity: 1 }];
    expect(await quote(anon(), { items })).toMatchObject({ item_count: 1, problems: [] });
    expect(await refusal(anon().client.rpc("quote_checkout", { input: {} }))).toMatchObject({
      code: "not_signed_in",
      status: 401,
    });
  });

  test("offers the ways to ship and prices the chosen one", async () => {
    const kettle = await aVariant();
    const items = [{ variant_id: kettle.variantId, quantity: 1 }];
    const { shipping_methods } = await quote(ada, { items });
    for (const { code, price, max_days } of shipping_methods) {
      const chosen = await quote(ada, { items, shipping_method: code });
      expect(chosen).toMatchObject({ shipping: price, shipping_method: code });
      expect(chosen.total).toBe(chosen.subtotal + price);
      const days = (Date.parse(chosen.estimated_delivery ?? "") - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(max_days - 1);
    }
    expect(shipping_methods.length).toBeGreaterThan(1);
  });

  test("lists every problem instead of refusing", async () => {
    const [few, gone] = await Promise.all([aVariant({ onHand: 1 }), aVariant()]);
    await archive(gone);
    const items = [few, gone].map(({ variantId }) => ({ variant_id: variantId, quantity: 2 }));
    const { problems, item_count } = await quote(ada, { items });
    expect(problems).toMatchObject([
      { code: "out_of_stock", lines: [{ sku: few.sku, requested: 2, available: 1 }] },
      { code: "product_unavailable", lines: [{ sku: gone.sku }] },
    ]);
    expect(item_count).toBe(2);
  });

  test("reserves nothing", async () => {
    const kettle = await aVariant({ onHand: 4 });
    await quote(ada, anOrderInput({ lines: [{ variant: kettle, quantity: 3 }] }));
    expect(await available(kettle)).toBe(4);
  });
});

describe("placing an order", () => {
  test("numbers it, keeps its goods and starts its timeline", async () => {
    const kettle = await aVariant({ onHand: 5 });
    const { order, payment } = await placeOrder(
      ada,
      anOrderInput({ lines: [{ variant: kettle, quantity: 2 }], provider: "stripe" }),
    );
    expect(order).toMatchObject({
      number: expect.stringMatching(/^SM-\d{6,}$/),
      status: "pending",
      payment_status: "pending",
      is_guest: false,
      item_count: 2,
      shipping_address: { ...anAddress, line2: null, region: null, phone: null },
    });
    expect(payment).toMatchObject({ provider: "stripe", status: "created", amount: order.total });
    expect(Date.parse(order.expires_at ?? "")).toBeGreaterThan(Date.now());
    expect(await available(kettle)).toBe(3);
    const events = ada.client
      .from("order_events")
      .select("kind, to_status")
      .eq("order_id", order.id);
    expect(await ok(events)).toEqual([{ kind: "created", to_status: "pending" }]);
  });

  test("on delivery confirms it at once, without a deadline", async () => {
    const kettle = await aVariant();
    const { order } = await placeOrder(gil, anOrderInput({ lines: [{ variant: kettle }] }));
    expect(order).toMatchObject({
      status: "confirmed",
      payment_status: "pending",
      is_guest: true,
      expires_at: null,
    });
  });

  test("without items takes the cart and empties it in the same moment", async () => {
    const kettle = await aVariant({ onHand: 5 });
    await ok(gil.client.rpc("clear_cart"));
    await ok(gil.client.rpc("add_to_cart", { variant_id: kettle.variantId, quantity: 2 }));
    const { items: _, ...input } = anOrderInput({ lines: [] });
    const answer = await ok(place(gil, input));
    expect(answer).toMatchObject({ order: { item_count: 2, subtotal: kettle.price * 2 } });
    expect(Cart.parse(await ok(gil.client.rpc("get_cart"))).items).toEqual([]);
    expect(await refusal(place(gil, { ...input, idempotency_key: randomUUID() }))).toMatchObject({
      code: "cart_empty",
      status: 409,
    });
    expect(await ok(place(gil, input)), "the same key again").toEqual(answer);
  });

  test("leaves the cart alone when it is refused", async () => {
    const kettle = await aVariant({ onHand: 1 });
    await ok(gil.client.rpc("clear_cart"));
    await ok(gil.client.rpc("add_to_cart", { variant_id: kettle.variantId, quantity: 2 }));
    const { items: _, ...input } = anOrderInput({ lines: [] });
    expect(await refusal(place(gil, input))).toMatchObject({ code: "out_of_stock" });
    expect(Cart.parse(await ok(gil.client.rpc("get_cart"))).item_count).toBe(2);
  });

  test("adds lines of one variant up", async () => {
    const kettle = await aVariant({ onHand: 5 });
    const { order } = await placeOrder(
      ada,
      anOrderInput({
        lines: [
          { variant: kettle, quantity: 2 },
          { variant: kettle, quantity: 3 },
        ],
      }),
    );
    expect(order.items.map(({ quantity }) => quantity)).toEqual([5]);
    const again = anOrderInput({ lines: [{ variant: kettle }, { variant: kettle }] });
    expect(await refusal(place(ada, again))).toMatchObject({
      code: "out_of_stock",
      details: { lines: [{ sku: kettle.sku, requested: 2, available: 0 }] },
    });
  });

  test("past the stock names every short line with what is left, and keeps nothing", async () => {
    const [one, two, plenty] = await Promise.all([
      aVariant({ onHand: 1 }),
      aVariant({ onHand: 2 }),
      aVariant({ onHand: 9 }),
    ]);
    const lines = [one, two, plenty].map((variant) => ({ variant, quantity: 3 }));
    const refused = await refusal(place(ada, anOrderInput({ lines })));
    expect(refused).toMatchObject({ code: "out_of_stock", status: 409 });
    expect(refused.details.lines).toEqual([
      expect.objectContaining({ sku: one.sku, title: one.title, requested: 3, available: 1 }),
      expect.objectContaining({ sku: two.sku, title: two.title, requested: 3, available: 2 }),
    ]);
    expect(await available(plenty)).toBe(9);
  });

  test("of what is no longer sold is refused and names it", async () => {
    const gone = await aVariant();
    await archive(gone);
    expect(await refusal(place(ada, anOrderInput({ lines: [{ variant: gone }] })))).toMatchObject({
      code: "product_unavailable",
      status: 409,
      details: { lines: [{ sku: gone.sku }] },
    });
  });

  test("copies a saved address, and a later change of it changes no order", async () => {
    const kettle = await aVariant();
    const saved = await ok(ada.client.from("addresses").insert(anAddress).select("id").single());
    const { shipping_address: _, ...input } = anOrderInput({ lines: [{ variant: kettle }] });
    const placed = await ok(place(ada, { ...input, shipping_address_id: saved.id }));
    expect(placed).toMatchObject({ order: { shipping_address: anAddress } });
    await ok(ada.client.from("addresses").delete().eq("id", saved.id).select());
    const orders = ada.client.from("orders").select("shipping_address, billing_address");
    const kept = await ok(orders.eq("id", String(Object(Object(placed).order).id)).single());
    expect(kept).toMatchObject({ shipping_address: anAddress, billing_address: anAddress });
  });

  test("with one key and body gives one order, however often it is sent", async () => {
    const kettle = await aVariant({ onHand: 5 });
    const input = anOrderInput({ lines: [{ variant: kettle, quantity: 2 }] });
    const answers = await Promise.all(Array.from({ length: 5 }, () => ok(place(ada, input))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await available(kettle)).toBe(3);
    const reordered = Object.fromEntries(Object.entries(input).reverse());
    expect(await ok(place(ada, reordered)), "the order of fields does not count").toEqual(
      answers[0],
    );
  });

  test("with one key and another body is refused", async () => {
    const kettle = await aVariant({ onHand: 5 });
    const input = anOrderInput({ lines: [{ variant: kettle }] });
    await ok(place(ada, input));
    expect(await refusal(place(ada, { ...input, note: "Ring twice" }))).toMatchObject({
      code: "idempotency_key_reused",
      status: 422,
    });
    expect(await available(kettle)).toBe(4);
  });

  test("with a key that somebody else used is a new order", async () => {
    const kettle = await aVariant({ onHand: 5 });
    const input = anOrderInput({ lines: [{ variant: kettle }] });
    const [first, second] = [await placeOrder(ada, input), await placeOrder(bo, input)];
    expect(second.order.id).not.toBe(first.order.id);
  });

  test("that was refused leaves its key free", async () => {
    const kettle = await aVariant({ onHand: 0 });
    const input = anOrderInput({ lines: [{ variant: kettle }] });
    expect(await refusal(place(ada, input))).toMatchObject({ code: "out_of_stock" });
    await ok(
      root.client.rpc("adjust_stock", {
        variant_id: kettle.variantId,
        quantity: 1,
        reason: "received",
      }),
    );
    expect((await placeOrder(ada, input)).order.status).toBe("confirmed");
  });
});
