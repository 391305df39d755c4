import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../stack/database/database.ts";
import {
  type NativePostgres,
  prepareNative,
  startNativePostgres,
} from "../support/native-postgres.ts";
import {
  asService,
  asUser,
  type Ending,
  orderOf,
  type SqlShop,
  shopOn,
  tally,
} from "../support/sql-shop.ts";

let server: NativePostgres;
let database: Database;
let shop: SqlShop;
let buyers: string[];

beforeAll(async () => {
  server = await startNativePostgres();
  ({ database } = await prepareNative(server.url, 50));
  shop = shopOn(database);
  buyers = await shop.shoppers(200);
});
afterEach(async () => {
  expect(await shop.brokenRules()).toEqual([]);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

const buyer = (index: number) => asUser(buyers[index % buyers.length] ?? "");
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const all = (endings: readonly Promise<Ending>[]) => Promise.all(endings);

const idOf = ({ answer }: Ending): string => String(answer?.order && Object(answer.order).id);

const stockOf = async (variant: string) =>
  (
    await shop.sql("select on_hand, reserved from stock_levels where variant_id = $1", [variant])
  )[0];

const stateOf = async (orderId: string) =>
  (await shop.sql("select status, payment_status, total from orders where id = $1", [orderId]))[0];

/** Orders that wait for their card payment, opened at the provider. */
const unpaidOrders = async (count: number, variant: string) => {
  const placed = await all(
    times(count, (index) =>
      shop.attempt(buyer(index), "place_order", orderOf([{ variant }], "stripe")),
    ),
  );
  return Promise.all(
    placed.map(async (ending, index) => {
      const id = idOf(ending);
      const attempt = await shop.one(asService, "start_payment_attempt", { order_id: id });
      const session = `cs_${randomUUID()}`;
      await shop.one(asService, "record_payment_started", {
        payment_id: attempt.payment_id,
        provider_session_id: session,
      });
      return { id, index, session, payment: attempt.payment_id, amount: Number(attempt.amount) };
    }),
  );
};
type Unpaid = Awaited<ReturnType<typeof unpaidOrders>>[number];

const captured = ({ session, amount }: Unpaid, event_id = `evt_${randomUUID()}`) => ({
  provider: "stripe",
  event_id,
  type: "checkout.session.completed",
  event: {
    state: "captured",
    provider_session_id: session,
    provider_payment_id: session.replace("cs_", "pi_"),
    amount,
    currency: "GBP",
  },
});

describe("on a server with 50 connections", () => {
  test("200 buyers of the last 100 pieces get 100 orders and 100 clear refusals", async () => {
    const [variant = ""] = await shop.variants(100);
    const endings = await all(
      times(200, (index) => shop.attempt(buyer(index), "place_order", orderOf([{ variant }]))),
    );
    expect(tally(endings)).toEqual({ done: 100, out_of_stock: 100 });
    expect(await stockOf(variant)).toEqual({ on_hand: 100, reserved: 100 });
  });

  test("orders for the same goods in opposite order do not lock each other out", async () => {
    const [one = "", two = "", three = ""] = await shop.variants(120, 120, 60);
    const baskets = [
      [one, two, three],
      [three, two, one],
      [two, three, one],
    ];
    const endings = await all(
      times(150, (index) =>
        shop.attempt(
          buyer(index),
          "place_order",
          orderOf((baskets[index % 3] ?? []).map((variant) => ({ variant }))),
        ),
      ),
    );
    expect(tally(endings)).toEqual({ done: 60, out_of_stock: 90 });
    expect(await stockOf(three)).toEqual({ on_hand: 60, reserved: 60 });
    expect(await stockOf(one)).toEqual({ on_hand: 120, reserved: 60 });
  });

  test("one request sent 50 times at once is one order, and each is told the same", async () => {
    const [variant = ""] = await shop.variants(50);
    const order = orderOf([{ variant, quantity: 2 }]);
    const endings = await all(times(50, () => shop.attempt(buyer(0), "place_order", order)));
    for (const { answer } of endings) expect(answer).toEqual(endings[0]?.answer);
    expect(await stockOf(variant)).toEqual({ on_hand: 50, reserved: 2 });
  });

  test("a cart that is ordered by 20 devices at once becomes one order", async () => {
    const [variant = ""] = await shop.variants(50);
    await shop.one(buyer(1), "add_to_cart", { variant_id: variant, quantity: 3 });
    const endings = await all(
      times(20, () => shop.attempt(buyer(1), "place_order", orderOf(undefined))),
    );
    expect(tally(endings)).toEqual({ done: 1, cart_empty: 19 });
    expect(await stockOf(variant)).toEqual({ on_hand: 50, reserved: 3 });
  });

  test("a piece put into a cart 60 times at once is there 60 times", async () => {
    const [variant = ""] = await shop.variants(100);
    await all(
      times(60, () => shop.attempt(buyer(2), "add_to_cart", { variant_id: variant, quantity: 1 })),
    );
    const cart = await shop.one(buyer(2), "get_cart");
    expect(cart.item_count).toBe(60);
  });

  test("paying, cancelling and expiring at once end in goods for money or money back", async () => {
    const [variant = ""] = await shop.variants(100);
    const orders = await unpaidOrders(40, variant);
    // So long over that expiry does not wait for the provider's answer any more.
    await shop.sql(
      "update orders set expires_at = now() - interval '31 minutes' where id = any ($1::uuid[])",
      [`{${orders.map(({ id }) => id).join(",")}}`],
    );
    await all(
      orders.flatMap((order) => [
        shop.attempt(asService, "apply_payment_event", captured(order)),
        shop.attempt(buyer(order.index), "cancel_order", { order_id: order.id }),
        shop.attempt(asService, "expire_orders", { max: 3 }),
      ]),
    );
    let kept = 0;
    for (const { id, amount } of orders) {
      const state = await stateOf(id);
      const [money] = await shop.sql(
        `select sum(captured_amount)::int as taken,
           (select coalesce(sum(amount), 0)::int from refunds r where r.order_id = $1) as back
         from payments where order_id = $1`,
        [id],
      );
      expect(money?.taken).toBe(amount);
      expect(money?.back).toBe(state?.status === "cancelled" ? amount : 0);
      if (state?.status !== "cancelled") kept += 1;
    }
    expect(await stockOf(variant)).toEqual({ on_hand: 100, reserved: kept });
  });

  test("a payment's events, each many times at once and under several names, are booked once", async () => {
    const [variant = ""] = await shop.variants(50);
    const orders = await unpaidOrders(10, variant);
    const names = orders.flatMap((order) => [captured(order), captured(order)]);
    const endings = await all(
      names.flatMap((event) =>
        times(8, () => shop.attempt(asService, "apply_payment_event", event)),
      ),
    );
    const outcomes = endings.map(({ answer }) => answer?.outcome);
    expect(outcomes.filter((outcome) => outcome === "applied")).toHaveLength(orders.length);
    expect(new Set(outcomes)).toEqual(new Set(["applied", "ignored", "duplicate"]));
    for (const { id } of orders) {
      expect(await stateOf(id)).toMatchObject({ status: "confirmed", payment_status: "paid" });
      const events = await shop.sql(
        "select from order_events where order_id = $1 and to_status = 'paid'",
        [id],
      );
      expect(events).toHaveLength(1);
    }
  });

  test("a webhook that overtakes the answer of its own call is not lost", async () => {
    const [variant = ""] = await shop.variants(50);
    const placed = await all(
      times(20, (index) =>
        shop.attempt(buyer(index), "place_order", orderOf([{ variant }], "stripe")),
      ),
    );
    await Promise.all(
      placed.map(async (ending, index) => {
        const id = idOf(ending);
        const attempt = await shop.one(asService, "start_payment_attempt", { order_id: id });
        const unpaid: Unpaid = {
          id,
          index,
          session: `cs_${randomUUID()}`,
          payment: attempt.payment_id,
          amount: Number(attempt.amount),
        };
        await Promise.all([
          shop.one(asService, "apply_payment_event", captured(unpaid)),
          shop.one(asService, "record_payment_started", {
            payment_id: unpaid.payment,
            provider_session_id: unpaid.session,
          }),
        ]);
        expect(await stateOf(id)).toMatchObject({ status: "confirmed", payment_status: "paid" });
      }),
    );
  });

  test("refunds asked for at once never come to more than was paid", async () => {
    const [variant = ""] = await shop.variants(50);
    const [order] = await unpaidOrders(1, variant);
    if (!order) throw new Error("no order");
    await shop.one(asService, "apply_payment_event", captured(order));
    const third = Math.floor(order.amount / 3);
    const ask = (key: string) =>
      shop.attempt(asService, "request_refund", {
        order_id: order.id,
        amount: third,
        idempotency_key: key,
      });
    const keys = times(5, () => randomUUID());
    const endings = await all(times(40, (index) => ask(keys[index % 5] ?? "")));
    const refunds = await shop.sql("select amount from refunds where order_id = $1", [order.id]);
    expect(refunds.map(({ amount }) => amount)).toEqual([third, third, third]);
    expect(tally(endings)).toEqual({ done: 24, invalid_input: 16 });
  });

  test("shipping and cancelling at once: the goods go out or the order is off, never both", async () => {
    const [variant = ""] = await shop.variants(100);
    const placed = await all(
      times(40, (index) => shop.attempt(buyer(index), "place_order", orderOf([{ variant }]))),
    );
    const orders = placed.map(idOf);
    const endings = await all(
      orders.flatMap((order_id, index) => [
        shop.attempt(asService, "set_order_status", { order_id, status: "shipped" }),
        shop.attempt(buyer(index), "cancel_order", { order_id }),
      ]),
    );
    expect(tally(endings)).toEqual({ done: 40, invalid_transition: 40 });
    const [gone] = await shop.sql(
      "select count(*)::int as shipped from orders where status = 'shipped' and id = any ($1::uuid[])",
      [`{${orders.join(",")}}`],
    );
    expect(await stockOf(variant)).toEqual({ on_hand: 100 - Number(gone?.shipped), reserved: 0 });
  });

  test("stock taken away while it is being bought is not sold as well", async () => {
    const [variant = ""] = await shop.variants(60);
    const endings = await all(
      times(120, (index) =>
        index % 2
          ? shop.attempt(buyer(index), "place_order", orderOf([{ variant }]))
          : shop.attempt(asService, "adjust_stock", {
              variant_id: variant,
              quantity: -1,
              reason: "lost",
            }),
      ),
    );
    const counts = tally(endings);
    expect(counts.done).toBe(60);
    const stock = await stockOf(variant);
    expect(Number(stock?.on_hand)).toBe(Number(stock?.reserved));
  });

  test("one catalogue imported eight times at once is there once", async () => {
    const rows = times(30, (index) => ({
      sku: `CAT-${randomUUID()}`,
      title: "Imported",
      price: 500 + index,
      stock: 2,
      category: "Race > Track",
      brand: "Racer",
    }));
    const endings = await all(times(8, () => shop.attempt(asService, "import_products", { rows })));
    const created = endings.map(({ answer }) => Number(answer?.created));
    expect(created.reduce((sum, count) => sum + count, 0)).toBe(30);
    const slugs = await shop.sql("select slug from categories where name in ('Race', 'Track')");
    expect(slugs).toHaveLength(2);
  });

  test("an import that renames products runs beside orders for them without a deadlock", async () => {
    const skus = times(2, () => `NAMED-${randomUUID()}`);
    const rename = (round: number) => ({
      rows: skus.map((sku) => ({
        sku,
        title: "Renamed",
        price: 500,
        stock: 1_000,
        slug: `renamed-${round}-${sku.toLowerCase()}`,
      })),
    });
    await shop.one(asService, "import_products", rename(0));
    const variants = await shop.sql(
      "select id from product_variants where sku = any ($1::text[])",
      [`{${skus.join(",")}}`],
    );
    const [one = "", two = ""] = variants.map(({ id }) => String(id));
    const endings = await all([
      ...times(8, (index) => shop.attempt(asService, "import_products", rename(index + 1))),
      ...times(80, (index) =>
        shop.attempt(
          buyer(index),
          "place_order",
          orderOf([{ variant: index % 2 ? one : two }, { variant: index % 2 ? two : one }]),
        ),
      ),
    ]);
    expect(tally(endings)).toEqual({ done: 88 });
    expect(Number((await stockOf(one))?.reserved)).toBe(80);
  });

  test("expiry of many orders runs beside checkout of the same goods without a deadlock", async () => {
    const [one = "", two = ""] = await shop.variants(300, 300);
    const orders = await all(
      times(60, (index) =>
        shop.attempt(
          buyer(index),
          "place_order",
          orderOf(
            [{ variant: index % 2 ? one : two }, { variant: index % 2 ? two : one }],
            "stripe",
          ),
        ),
      ),
    );
    await shop.sql("update orders set expires_at = now() where id = any ($1::uuid[])", [
      `{${orders.map(idOf).join(",")}}`,
    ]);
    await all([
      ...times(6, () => shop.attempt(asService, "expire_orders", { max: 10 })),
      ...times(60, (index) =>
        shop.attempt(buyer(index), "place_order", orderOf([{ variant: two }, { variant: one }])),
      ),
    ]);
    await shop.one(asService, "expire_orders", { max: 1_000 });
    expect(await stockOf(one)).toEqual({ on_hand: 300, reserved: 60 });
  });
});
