import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../stack/database/database.ts";
import { openOwnDatabase } from "../support/own-database.ts";
import { asService, asUser, orderOf, type SqlShop, shopOn } from "../support/sql-shop.ts";

let database: Database;
let shop: SqlShop;

beforeAll(async () => {
  database = await openOwnDatabase();
  shop = shopOn(database);
});
afterAll(() => database.close());

/** What a shop is, as simply as it can be said. Goods and shoppers are numbered. */
interface Model {
  onHand: number[];
  carts: Map<number, number>[];
  orders: ModelOrder[];
}

interface ModelOrder {
  buyer: number;
  lines: Map<number, number>;
  provider: "cod" | "stripe";
  status: "pending" | "confirmed" | "processing" | "shipped" | "delivered" | "cancelled";
  /** Whether its money arrived. */
  paid: boolean;
}

/** The same things in the database. */
interface Real {
  variants: string[];
  shoppers: string[];
  orders: { id: string; key: string; input: ReturnType<typeof orderOf>; answer: unknown }[];
}

const goods = 3;
const people = 2;

const holding = ["pending", "confirmed", "processing"];
const reserved = (model: Model, item: number): number =>
  model.orders
    .filter(({ status }) => holding.includes(status))
    .reduce((sum, { lines }) => sum + (lines.get(item) ?? 0), 0);
const free = (model: Model, item: number): number =>
  (model.onHand[item] ?? 0) - reserved(model, item);

type Command = fc.AsyncCommand<Model, Real>;

const buyerOf = ({ shoppers }: Real, index: number) => asUser(shoppers[index] ?? "");
const variantOf = ({ variants }: Real, index: number) => variants[index] ?? "";

/** A command by its name in a counter-example, its effect on the model and in the database. */
const command = (
  name: string,
  run: (model: Model, real: Real) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ check, run, toString: () => name });

const setCartItem = (person: number, item: number, quantity: number) =>
  command(`shopper ${person} wants ${quantity} of ${item}`, async (model, real) => {
    const cart = await shop.one(buyerOf(real, person), "set_cart_item", {
      variant_id: variantOf(real, item),
      quantity,
    });
    const expected = model.carts[person];
    if (quantity === 0) expected?.delete(item);
    else expected?.set(item, quantity);
    expect(cart.item_count).toBe([...(expected?.values() ?? [])].reduce((sum, n) => sum + n, 0));
  });

const addToCart = (person: number, item: number, quantity: number) =>
  command(`shopper ${person} adds ${quantity} of ${item}`, async (model, real) => {
    await shop.one(buyerOf(real, person), "add_to_cart", {
      variant_id: variantOf(real, item),
      quantity,
    });
    const cart = model.carts[person];
    cart?.set(item, (cart.get(item) ?? 0) + quantity);
  });

const checkOut = (person: number, provider: "cod" | "stripe") =>
  command(`shopper ${person} orders the cart, ${provider}`, async (model, real) => {
    const cart = model.carts[person] ?? new Map<number, number>();
    const input = orderOf(undefined, provider);
    const ending = await shop.attempt(buyerOf(real, person), "place_order", input);
    if (cart.size === 0) return expect(ending.refused).toBe("cart_empty");
    if ([...cart].some(([item, quantity]) => quantity > free(model, item))) {
      return expect(ending.refused).toBe("out_of_stock");
    }
    const order = Object(ending.answer?.order);
    expect(order.item_count).toBe([...cart.values()].reduce((sum, n) => sum + n, 0));
    model.orders.push({
      buyer: person,
      lines: new Map(cart),
      provider,
      status: provider === "cod" ? "confirmed" : "pending",
      paid: false,
    });
    real.orders.push({
      id: order.id,
      key: input.input.idempotency_key,
      input,
      answer: ending.answer,
    });
    cart.clear();
  });

const replay = (index: number) =>
  command(
    `order ${index} is sent again`,
    async (model, real) => {
      const at = index % model.orders.length;
      const order = real.orders[at];
      const again = await shop.attempt(
        buyerOf(real, model.orders[at]?.buyer ?? 0),
        "place_order",
        order?.input ?? orderOf([]),
      );
      expect(again.answer).toEqual(order?.answer);
    },
    ({ orders }) => orders.length > 0,
  );

const pay = (index: number) =>
  command(
    `order ${index} is paid`,
    async (model, real) => {
      const at = index % model.orders.length;
      const order = model.orders[at];
      const order_id = real.orders[at]?.id;
      if (!order) return;
      const attempt = await shop.attempt(asService, "start_payment_attempt", { order_id });
      if (order.provider === "cod" || order.status !== "pending") {
        return expect(attempt.refused).toMatch(/^order_(not_payable|expired)$/);
      }
      const { payment_id, amount } = Object(attempt.answer);
      const outcome = await shop.one(asService, "apply_payment_event", {
        provider: "stripe",
        event_id: `evt_${order_id}`,
        type: "paid",
        event: { state: "captured", payment_id, amount, currency: "GBP" },
      });
      expect(outcome.outcome).toBe("applied");
      order.status = "confirmed";
      order.paid = true;
    },
    ({ orders }) => orders.length > 0,
  );

const cancel = (index: number, person: number) =>
  command(
    `shopper ${person} cancels order ${index}`,
    async (model, real) => {
      const at = index % model.orders.length;
      const order = model.orders[at];
      const ending = await shop.attempt(buyerOf(real, person), "cancel_order", {
        order_id: real.orders[at]?.id,
      });
      if (order?.buyer !== person) return expect(ending.refused).toBe("order_not_found");
      if (order.status === "shipped" || order.status === "delivered") {
        return expect(ending.refused).toBe("invalid_transition");
      }
      expect(ending.answer).toMatchObject({ status: "cancelled" });
      order.status = "cancelled";
    },
    ({ orders }) => orders.length > 0,
  );

/** Where staff may move an order from each state. */
const moves: Record<ModelOrder["status"], readonly string[]> = {
  pending: [],
  confirmed: ["processing", "shipped"],
  processing: ["shipped"],
  shipped: ["delivered"],
  delivered: [],
  cancelled: [],
};

const moveOn = (index: number, status: "processing" | "shipped" | "delivered") =>
  command(
    `order ${index} becomes ${status}`,
    async (model, real) => {
      const at = index % model.orders.length;
      const order = model.orders[at];
      if (!order) return;
      const ending = await shop.attempt(asService, "set_order_status", {
        order_id: real.orders[at]?.id,
        status,
      });
      if (order.status === status) return expect(ending.answer).toMatchObject({ status });
      if (!moves[order.status].includes(status)) {
        return expect(ending.refused).toMatch(/^(invalid_transition|order_not_paid)$/);
      }
      expect(ending.answer).toMatchObject({ status });
      order.status = status;
      if (status === "delivered") order.paid = true;
      if (status !== "shipped") return;
      for (const [item, quantity] of order.lines) {
        model.onHand[item] = (model.onHand[item] ?? 0) - quantity;
      }
    },
    ({ orders }) => orders.length > 0,
  );

const expire = () =>
  command("the time to pay is over", async (model) => {
    await shop.sql("update orders set expires_at = now() where status = 'pending'");
    await shop.one(asService, "expire_orders", { max: 1_000 });
    for (const order of model.orders) if (order.status === "pending") order.status = "cancelled";
  });

const adjust = (item: number, quantity: number) =>
  command(`${quantity} of ${item} come or go`, async (model, real) => {
    const ending = await shop.attempt(asService, "adjust_stock", {
      variant_id: variantOf(real, item),
      quantity,
      reason: "adjusted",
    });
    if (quantity === 0) return expect(ending.refused).toBe("invalid_input");
    if (free(model, item) + quantity < 0) return expect(ending.refused).toBe("stock_out_of_range");
    model.onHand[item] = (model.onHand[item] ?? 0) + quantity;
  });

/** Everything the database keeps is what the model says, and no rule is broken. */
const compare = () =>
  command("all is compared", async (model, real) => {
    const stock = await shop.sql(
      `select v.id, s.on_hand, s.reserved, a.available
       from product_variants v
       join stock_levels s on s.variant_id = v.id
       join variant_stock a on a.variant_id = v.id
       where v.id = any ($1::uuid[])`,
      [`{${real.variants.join(",")}}`],
    );
    const byId = new Map(stock.map(({ id, ...rest }) => [id, rest]));
    real.variants.forEach((id, item) => {
      expect(byId.get(id)).toEqual({
        on_hand: model.onHand[item],
        reserved: reserved(model, item),
        available: free(model, item),
      });
    });
    for (const [at, order] of model.orders.entries()) {
      const [row] = await shop.sql(
        `select o.status,
           o.payment_status in ('paid', 'partially_refunded', 'refunded') as paid,
           (select coalesce(sum(captured_amount), 0) from payments p where p.order_id = o.id) = o.total as whole,
           (select coalesce(sum(amount), 0) from refunds r where r.order_id = o.id) = case
             when o.status = 'cancelled' and o.payment_status <> 'pending' then o.total else 0
           end as settled
         from orders o where id = $1`,
        [real.orders[at]?.id],
      );
      expect(row).toEqual({
        status: order.status,
        paid: order.paid,
        whole: order.paid,
        settled: true,
      });
    }
    expect(await shop.brokenRules()).toEqual([]);
  });

const person = fc.nat(people - 1);
const item = fc.nat(goods - 1);
const index = fc.nat(20);

const commands = fc.commands(
  [
    fc.tuple(person, item, fc.nat(6)).map((args) => setCartItem(...args)),
    fc.tuple(person, item, fc.integer({ min: 1, max: 4 })).map((args) => addToCart(...args)),
    fc.tuple(person, fc.constantFrom("cod", "stripe")).map((args) => checkOut(...args)),
    fc.tuple(person, fc.constantFrom("cod", "stripe")).map((args) => checkOut(...args)),
    index.map(replay),
    index.map(pay),
    index.map(pay),
    fc.tuple(index, person).map((args) => cancel(...args)),
    fc
      .tuple(index, fc.constantFrom("processing", "shipped", "delivered"))
      .map((args) => moveOn(...args)),
    fc.tuple(item, fc.integer({ min: -4, max: 4 })).map((args) => adjust(...args)),
    fc.constant(expire()),
    fc.constant(compare()),
  ],
  { maxCommands: 30, size: "max" },
);

describe("whatever shoppers and staff do, in whatever order,", () => {
  test("carts, stock, orders and money are what a simple model says", async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const variants = await shop.variants(...Array.from({ length: goods }, () => 8));
        const shoppers = await shop.shoppers(people);
        const model: Model = {
          onHand: variants.map(() => 8),
          carts: shoppers.map(() => new Map()),
          orders: [],
        };
        const real: Real = { variants, shoppers, orders: [] };
        await fc.asyncModelRun(() => ({ model, real }), sequence);
        await compare().run(model, real);
      }),
      { numRuns: 40, endOnFailure: false },
    );
  }, 120_000);
});

describe("money", () => {
  /** Rates are the shop's to set; each run sets its own for a country where nobody else shops. */
  const setRates = async (rateBp: number, inclusive: boolean) => {
    await shop.sql("delete from tax_rates where country = 'AQ'");
    await shop.sql("insert into tax_rates (country, rate_bp, name) values ('AQ', $1, 'Ice')", [
      rateBp,
    ]);
    await shop.sql("update shop_settings set prices_include_tax = $1", [inclusive]);
  };

  test("of the parts sums to the whole, for any price, quantity, rate and mode of tax", async () => {
    const shoppers = await shop.shoppers(1);
    const buyer = asUser(shoppers[0] ?? "");
    const lines = fc.array(
      fc.record({
        price: fc.integer({ min: 1, max: 9_999_999 }),
        quantity: fc.integer({ min: 1, max: 999 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.integer({ min: 0, max: 10_000 }),
        fc.boolean(),
        async (wanted, rate, inclusive) => {
          await setRates(rate, inclusive);
          const variants = await shop.variants(...wanted.map(({ quantity }) => quantity));
          for (const [at, { price }] of wanted.entries()) {
            await shop.one(asService, "set_price", { variant_id: variants[at], amount: price });
          }
          const order = orderOf(
            wanted.map(({ quantity }, at) => ({ variant: variants[at] ?? "", quantity })),
          );
          const { idempotency_key: _, ...input } = order.input;
          const address = { ...input.shipping_address, country: "AQ", postal_code: null };
          const quote = await shop.one(buyer, "quote_checkout", {
            input: { ...input, shipping_address: address },
          });
          const placed = Object(
            (
              await shop.one(buyer, "place_order", {
                input: { ...order.input, shipping_address: address },
              })
            ).order,
          );

          const sum = (of: (line: { price: number; quantity: number }) => number) =>
            wanted.reduce((total, line) => total + of(line), 0);
          const taxOf = (amount: number) => {
            const share = inclusive ? [rate, 10_000 + rate] : [rate, 10_000];
            const [part = 0, whole = 1] = share;
            // Half away from zero, in whole numbers: floats would be off by one now and then.
            return Number(
              (2n * BigInt(amount) * BigInt(part) + BigInt(whole)) / (2n * BigInt(whole)),
            );
          };
          const subtotal = sum(({ price, quantity }) => price * quantity);
          const tax =
            sum(({ price, quantity }) => taxOf(price * quantity)) + taxOf(placed.shipping);
          expect(placed).toMatchObject({
            subtotal,
            tax,
            total: subtotal + placed.shipping + (inclusive ? 0 : tax),
          });
          for (const part of ["subtotal", "discount", "shipping", "tax", "total"]) {
            expect(quote[part], part).toBe(placed[part]);
          }
          const parts: { line_total: number; tax: number }[] = placed.items;
          expect(parts.reduce((total, { line_total }) => total + line_total, 0)).toBe(subtotal);
          expect(parts.reduce((total, line) => total + line.tax, placed.shipping_tax)).toBe(tax);
        },
      ),
      { numRuns: 60 },
    );
    expect(await shop.brokenRules()).toEqual([]);
  }, 120_000);
});
