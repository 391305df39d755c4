import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import {
  AppliedEvent,
  Cart,
  CheckoutAnswer,
  ImportResult,
  ImportRow,
  JobStatus,
  OrderEventPayload,
  PaymentAttempt,
  PaymentDetails,
  PaymentStarted,
  Placed,
  PlaceOrderInput,
  PriceChangedPayload,
  Quote,
  Refund,
  RefundAnswer,
  RefundDetails,
  Reordered,
  StockChangedPayload,
  StockResult,
  TrackedOrder,
} from "../../types/index.ts";
import { type Actor, customer, service, support, unique } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { listen } from "../support/channels.ts";
import { becomes, checkout, openSession, paymentsOf, refund } from "../support/checkout.ts";
import { anOrderInput, aVariant, type Variant } from "../support/factories.ts";
import { haveStripeAlone } from "../support/stripe-alone.ts";
import { stripe } from "../support/stripe-control.ts";

let ada: Actor;
let kit: Actor;
let kettle: Variant;
let lamp: Variant;
const root = service();

haveStripeAlone();
beforeAll(async () => {
  [ada, kit] = await Promise.all([customer("ada"), support()]);
  kettle = await aVariant({ onHand: 50, price: 2_000 });
  lamp = await aVariant({ onHand: 50, price: 900, salePrice: 700 });
});
afterAll(async () => {
  await ada.client.removeAllChannels();
});

/** The schema names every field of the answer, and no field that is not in it. */
const describes = (schema: z.ZodType, answer: unknown) =>
  expect(schema.parse(answer)).toEqual(answer);

const rpc = root.client.rpc.bind(root.client);

describe("the published schema describes the answer of", () => {
  test("the cart commands, whatever has become of what is in it", async () => {
    const { client } = ada;
    const gone = await aVariant({ onHand: 1 });
    describes(Cart, await ok(client.rpc("get_cart")));
    for (const variant of [kettle, lamp, gone]) {
      const put = client.rpc("add_to_cart", { variant_id: variant.variantId, quantity: 2 });
      describes(Cart, await ok(put));
    }
    const more = client.rpc("set_cart_item", { variant_id: kettle.variantId, quantity: 3 });
    describes(Cart, await ok(more));
    await ok(
      root.client.from("products").update({ status: "draft" }).eq("id", gone.productId).select(),
    );
    const cart = await ok(client.rpc("get_cart"));
    describes(Cart, cart);
    expect(Cart.parse(cart).items.map(({ warning }) => warning)).toContain("unavailable");

    const quote = await ok(client.rpc("quote_checkout", { input: {} }));
    describes(Quote, quote);
    expect(Quote.parse(quote).problems).toMatchObject([{ code: "product_unavailable" }]);
    describes(Cart, await ok(client.rpc("clear_cart")));
    const nothing = await ok(client.rpc("quote_checkout", { input: {} }));
    describes(Quote, nothing);
  });

  test("checkout, tracking and ordering again", async () => {
    const input = PlaceOrderInput.parse(
      anOrderInput({ lines: [{ variant: kettle }, { variant: lamp, quantity: 2 }] }),
    );
    const { idempotency_key: _key, ...wanted } = input;
    describes(Quote, await ok(ada.client.rpc("quote_checkout", { input: wanted })));
    const placed = await ok(ada.client.rpc("place_order", { input }));
    describes(Placed, placed);
    const { order } = Placed.parse(placed);
    describes(TrackedOrder, await ok(ada.client.rpc("track_order", { order_id: order.id })));
    describes(Reordered, await ok(ada.client.rpc("reorder", { order_id: order.id })));
    await ok(ada.client.rpc("clear_cart"));
    await ok(rpc("cancel_order", { order_id: order.id, reason: "Test" }));
    describes(TrackedOrder, await ok(kit.client.rpc("track_order", { order_id: order.id })));
  });

  test("imports and stock, good rows and bad", async () => {
    const sku = unique("row").toUpperCase();
    const full = {
      sku,
      title: "Kettle",
      price: 1_000,
      stock: 5,
      specifications: { Material: "Steel" },
      options: { Size: "M" },
    };
    const partial = { sku, price: 900 };
    for (const row of [full, partial]) describes(ImportRow, row);
    describes(ImportResult, await ok(rpc("import_products", { rows: [full] })));
    describes(ImportResult, await ok(rpc("import_products", { rows: [partial] })));
    const bad = [{ sku: unique("row") }, { title: "Nameless" }, { ...full, colour: "red" }];
    const refused = await ok(rpc("import_products", { rows: bad }));
    describes(ImportResult, refused);
    expect(ImportResult.parse(refused).errors.length).toBeGreaterThanOrEqual(3);
    const rows = [
      { sku, quantity: 7 },
      { sku: "no-such-sku", quantity: 1 },
    ];
    const counted = await ok(rpc("set_stock", { rows }));
    describes(StockResult, counted);
    expect(StockResult.parse(counted)).toMatchObject({ updated: 1, errors: [{ row: 1 }] });
  });

  test("payments and refunds, from the function and from the commands behind it", async () => {
    const input = anOrderInput({ lines: [{ variant: kettle }], provider: "stripe" });
    const answer = await ada.client.functions.invoke("checkout", { body: input });
    describes(CheckoutAnswer, answer.data);
    const { order } = await checkout(ada, input);
    const attempt = await ok(rpc("start_payment_attempt", { order_id: order.id }));
    describes(PaymentAttempt, attempt);
    const [payment] = await paymentsOf(order.id);
    const payment_id = payment?.id ?? "";
    describes(PaymentStarted, await ok(rpc("record_payment_started", { payment_id })));
    describes(PaymentDetails, await ok(rpc("payment_details", { payment_id })));
    const event = { payment_id, state: "ignored" };
    const noted = { provider: "stripe", event_id: unique("evt"), type: "test", event };
    for (const _ of [1, 2]) describes(AppliedEvent, await ok(rpc("apply_payment_event", noted)));

    await stripe.pay(await openSession(order.id));
    await becomes(order.id, "confirmed", "paid");
    describes(RefundAnswer, await refund(kit, { order_id: order.id, amount: 100 }));
    const row = await ok(rpc("request_refund", { order_id: order.id, amount: 200 }));
    describes(Refund, row);
    describes(RefundDetails, await ok(rpc("refund_details", { refund_id: row.id })));
    const rows = await ok(ada.client.from("refunds").select("*").eq("order_id", order.id));
    expect(rows).toHaveLength(2);
    for (const one of rows) describes(Refund, one);
    describes(TrackedOrder, await ok(ada.client.rpc("track_order", { order_id: order.id })));
  });

  test("the queue's state", async () => {
    describes(JobStatus, await ok(kit.client.rpc("job_status")));
  });
});

test("the published schemas describe what is heard over Realtime", async () => {
  const [own, product] = await Promise.all([
    listen(ada, `user:${ada.id}`),
    listen(ada, `product:${lamp.productId}`),
  ]);
  const input = anOrderInput({ lines: [{ variant: lamp }] });
  const { order } = Placed.parse(await ok(ada.client.rpc("place_order", { input })));
  describes(OrderEventPayload, await own.next("order.created", { order_id: order.id }));
  describes(StockChangedPayload, await product.next("stock.changed", {}));
  await ok(rpc("set_price", { variant_id: lamp.variantId, amount: 888 }));
  describes(PriceChangedPayload, await product.next("price.changed", {}));
  await Promise.all([own.close(), product.close()]);
});

test("the schemas let in no way to pay that place_order refuses", async () => {
  for (const provider of ["paypal", "razorpay", "wallet", "cash"]) {
    const input = { ...anOrderInput({ lines: [{ variant: kettle }] }), payment: { provider } };
    expect(PlaceOrderInput.safeParse(input).success).toBe(false);
    expect(await refusal(ada.client.rpc("place_order", { input }))).toMatchObject({
      code: "invalid_input",
      details: { field: "payment.provider" },
    });
  }
});
