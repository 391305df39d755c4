import { describe, expect, test } from "vitest";
import { createOrderBook, type OrderRow } from "../../examples/dashboard/order-book.ts";

const noon = Date.parse("2026-11-21T12:00:30Z");

const anOrder = (part: Partial<OrderRow> = {}): OrderRow => ({
  id: "a",
  number: "SM-1",
  status: "confirmed",
  payment_status: "paid",
  currency: "GBP",
  total: 1_000,
  item_count: 1,
  email: "ada@example.test",
  placed_at: new Date(noon).toISOString(),
  version: 2,
  ...part,
});

const lastMinute = (book: ReturnType<typeof createOrderBook>) => {
  const { orders, revenue } = book.minutes(noon);
  return { orders: orders.at(-1), revenue: revenue.at(-1) };
};

describe("the dashboard's order book", () => {
  test("earns by what is paid for, not by what is unpaid or cancelled", () => {
    const book = createOrderBook();
    book.take(anOrder({ status: "pending", version: 1 }));
    expect(lastMinute(book)).toEqual({ orders: 1, revenue: 0 });
    book.take(anOrder({ version: 2 }));
    expect(lastMinute(book)).toEqual({ orders: 1, revenue: 1_000 });
    book.take(anOrder({ status: "cancelled", version: 3 }));
    expect(lastMinute(book)).toEqual({ orders: 1, revenue: 0 });
  });

  test("leaves out what is older than what it knows, and keeps what an event does not carry", () => {
    const book = createOrderBook();
    book.take(anOrder({ status: "shipped", version: 5 }));
    book.take(anOrder({ status: "confirmed", version: 4 }));
    book.take(anOrder({ status: "delivered", version: 6, email: null }));
    expect(book.rows()).toEqual([
      anOrder({ status: "delivered", version: 6, email: "ada@example.test" }),
    ]);
    expect(lastMinute(book)).toEqual({ orders: 1, revenue: 1_000 });
  });

  test("lists the latest orders first, however they come in, and no more than it should", () => {
    const book = createOrderBook({ keepRows: 3 });
    for (const minute of [4, 1, 5, 2, 3]) {
      const placed_at = new Date(noon - minute * 60_000).toISOString();
      book.take(anOrder({ id: String(minute), placed_at }));
    }
    expect(book.rows().map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect(book.minutes(noon).orders.slice(-6)).toEqual([1, 1, 1, 1, 1, 0]);
  });

  test("lets go of orders that are out of the hour and off the list", () => {
    const book = createOrderBook({ keepRows: 1, keepMinutes: 10 });
    book.take(anOrder({ id: "old", placed_at: new Date(noon - 11 * 60_000).toISOString() }));
    book.take(anOrder({ id: "new" }));
    book.prune(noon);
    expect(book.get("old")).toBeUndefined();
    expect(book.get("new")).toBeDefined();
  });
});
