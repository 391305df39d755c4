import { describe, expect, it } from "vitest";
import { addressIn, CountryBook } from "../../tools/replay/addresses.ts";
import { Ledger, type StoredOrder } from "../../tools/replay/ledger.ts";
import { orderColumns, readOrders, type SourceOrder } from "../../tools/replay/order-lines.ts";
import { replayOrders } from "../../tools/replay/replay-orders.ts";
import { ShopperPool } from "../../tools/replay/shoppers.ts";
import { ApiFailure } from "../../tools/support/project.ts";
import type { FileRecord } from "../../tools/support/records.ts";

const columns = ["order_id", "customer_id", "sku", "quantity", "country"];

const ordersOf = async (lines: (string[] | string)[]): Promise<SourceOrder[]> => {
  const records = (async function* () {
    for (const [at, cells] of lines.entries()) {
      const record: FileRecord =
        typeof cells === "string"
          ? { line: at + 2, problem: cells }
          : {
              line: at + 2,
              values: Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? ""])),
            };
      yield record;
    }
  })();
  const orders: SourceOrder[] = [];
  const chosen = orderColumns("orders.csv", columns, new Map());
  for await (const order of readOrders({ columns, records }, chosen)) orders.push(order);
  return orders;
};

describe("order lines of a file", () => {
  it("make one order each run of an id, equal products added up", async () => {
    const orders = await ordersOf([
      ["1", "C9", "A", "2", "EIRE"],
      ["1", "C9", "B", "1", "EIRE"],
      ["1", "C9", "A", "3", "EIRE"],
      ["2", "", "A", "1", "France"],
    ]);
    expect(orders).toMatchObject([
      { id: "1", customer: "C9", country: "EIRE", fileLines: 3, line: 2 },
      { id: "2", customer: null, country: "France", fileLines: 1, line: 5 },
    ]);
    expect(orders.map(({ items }) => [...items])).toEqual([
      [
        ["A", 5],
        ["B", 1],
      ],
      [["A", 1]],
    ]);
  });

  it("with a bad quantity, or beside a line that cannot be read, are not bought half", async () => {
    const orders = await ordersOf([
      ["1", "", "A", "0", "France"],
      ["2", "", "A", "1", "France"],
      "the line holds bytes that are not UTF-8",
      ["3", "", "A", "1", "France"],
      ["4", "", "A", "1", "France"],
    ]);
    expect(orders.map(({ problem }) => problem)).toEqual([
      "line 2: order, sku and a quantity of at least 1 are needed",
      "line 4: the line holds bytes that are not UTF-8",
      "line 4: the line holds bytes that are not UTF-8",
      undefined,
    ]);
  });

  it("need columns for order, sku and quantity", () => {
    expect(() => orderColumns("o.csv", ["sku", "quantity"], new Map())).toThrow(
      "o.csv, line 1 is no header with a column for order. It has: sku, quantity. " +
        "Name the column with --map order=COLUMN.",
    );
    expect(orderColumns("o.csv", ["No", "sku", "qty"], new Map([["order", "No"]]))).toEqual({
      order: "No",
      sku: "sku",
      quantity: "qty",
    });
  });
});

describe("countries of a file", () => {
  const country = (code: string, name: string, postal: string | null = null) => ({
    code,
    name,
    postal_code_example: postal,
    region_required: code === "US",
  });
  const book = new CountryBook(
    [
      country("GB", "United Kingdom", "SW1A 1AA"),
      country("IE", "Ireland", "D02 AF30"),
      country("JE", "Jersey"),
      country("US", "United States", "10001"),
      country("BE", "Belgium"),
      country("NR", "Nauru"),
    ],
    "GB",
  );

  it.each([
    ["United Kingdom", "GB"],
    ["EIRE", "IE"],
    ["Channel Islands", "JE"],
    ["European Community", "BE"],
    ["USA", "US"],
    ["us", "US"],
    ["Unspecified", "GB"],
    ["", "GB"],
    ["Atlantis", undefined],
  ])("%s is %s", (name, code) => {
    expect(book.find(name)?.code).toBe(code);
  });

  it("give addresses that are complete there, and the same for the same person", () => {
    const us = book.find("USA");
    const nauru = book.find("Nauru");
    if (!us || !nauru) throw new Error("unknown country");
    expect(addressIn(us, "17850")).toMatchObject({
      region: "NY",
      postal_code: "10001",
      country: "US",
    });
    expect(addressIn(nauru, "17850")).toMatchObject({ city: "Nauru", country: "NR" });
    expect(addressIn(us, "17850")).toEqual(addressIn(us, "17850"));
    expect(addressIn(us, "17851").full_name).not.toBe(addressIn(us, "17850").full_name);
  });
});

describe("sessions of returning customers", () => {
  it("are reused, bounded, and used by one order at a time", async () => {
    let opened = 0;
    const pool = new ShopperPool(async () => ({ id: ++opened, users: 0 }), 2);
    const visit = (customer: string | null) =>
      pool.use(customer, async (session) => {
        session.users += 1;
        expect(session.users).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        session.users -= 1;
        return session.id;
      });
    expect(await Promise.all([visit("a"), visit("a"), visit("b")])).toEqual([1, 1, 2]);
    expect(await visit("c")).toBe(3);
    expect(await visit("b")).toBe(2);
    expect(await visit("a")).toBe(4);
    expect(await visit(null)).toBe(5);
    expect(await visit(null)).toBe(6);
    expect(pool.opened).toBe(6);
  });

  it("are opened anew after a failure", async () => {
    let tries = 0;
    const pool = new ShopperPool(async () => {
      tries += 1;
      if (tries === 1) throw new ApiFailure(503, "busy", "Try again.");
      return tries;
    }, 5);
    await expect(pool.use("a", async (n) => n)).rejects.toMatchObject({ code: "busy" });
    expect(await pool.use("a", async (n) => n)).toBe(2);
  });
});

const anOrder = (id: string, items: [string, number][] = [["A", 1]]): SourceOrder => ({
  id,
  customer: null,
  country: "",
  items: new Map(items),
  fileLines: items.length,
  line: 2,
});

const stored = (sourceId: string, more: Partial<StoredOrder> = {}): StoredOrder => ({
  id: `db-${sourceId}`,
  sourceId,
  provider: "stripe",
  status: "confirmed",
  paymentStatus: "paid",
  lines: 1,
  pieces: 1,
  ...more,
});

const settle = (ledger: Ledger, rows: StoredOrder[]) =>
  ledger.settle(
    (async function* () {
      yield* rows;
    })(),
  );

describe("the ledger of a replay", () => {
  const placed = { kind: "placed", orderId: "x", provider: "stripe" } as const;

  it("balances when every order is where it should be", async () => {
    const ledger = new Ledger();
    ledger.record(anOrder("1"), placed);
    ledger.record(anOrder("2"), { kind: "refused", code: "out_of_stock" });
    ledger.record(anOrder("3"), { kind: "earlier" });
    const summary = await settle(ledger, [stored("1"), stored("3"), stored("of another part")]);
    expect(summary).toMatchObject({
      orders: 3,
      placed: 1,
      earlier: 1,
      refused: { out_of_stock: 1 },
      stored: 2,
      lost: 0,
      doubled: 0,
      cards: { placed: 1, paid: 1 },
      isBalanced: true,
    });
  });

  it.each([
    ["an order is lost", [], { lost: 1 }],
    ["an order is doubled", [stored("1"), stored("1", { id: "other" })], { doubled: 1 }],
    ["pieces differ", [stored("1", { pieces: 2 })], { differing: 1 }],
    ["a paid order is not marked", [stored("1", { paymentStatus: "pending" })], {}],
    ["a refused order exists", [stored("1"), stored("2")], { ghosts: 1 }],
  ])("does not balance when %s", async (_, rows, expected) => {
    const ledger = new Ledger();
    ledger.record(anOrder("1"), placed);
    ledger.record(anOrder("2"), { kind: "refused", code: "out_of_stock" });
    expect(await settle(ledger, rows)).toMatchObject({ ...expected, isBalanced: false });
  });
});

describe("playing orders", () => {
  const source = async function* (...ids: string[]) {
    for (const id of ids) yield anOrder(id);
  };
  const bought = (id: string) => ({
    orderId: id,
    provider: "cod" as const,
    requests: 1,
    placeMs: 1,
    declined: 0,
  });
  const options = { concurrency: 3, skip: 0, orders: 100 };

  it("skips what was placed earlier and keeps refusals apart from failures", async () => {
    const ledger = new Ledger();
    const tried: string[] = [];
    const figures = await replayOrders(source("1", "2", "3", "4"), options, {
      ledger,
      earlier: new Set(["1"]),
      progress: () => undefined,
      buy: async ({ id }) => {
        tried.push(id);
        if (id === "2") throw new ApiFailure(409, "out_of_stock", "Too few.");
        if (id === "3") throw new ApiFailure(500, "internal", "Broken.");
        return bought(id);
      },
    });
    expect(tried.sort()).toEqual(["2", "3", "4"]);
    expect(figures).toMatchObject({ done: 4, bought: 1, cod: 1 });
    expect(await settle(ledger, [stored("1"), stored("4")])).toMatchObject({
      earlier: 1,
      placed: 1,
      refused: { out_of_stock: 1 },
      failed: { internal: 1 },
      isBalanced: false,
    });
  });

  it("takes the part of the file that was asked for, and an id once only", async () => {
    const tried: string[] = [];
    const ledger = new Ledger();
    await replayOrders(
      source("1", "2", "3", "2", "5"),
      { ...options, skip: 1, orders: 3 },
      {
        ledger,
        earlier: new Set(),
        progress: () => undefined,
        buy: async ({ id }) => {
          tried.push(id);
          return bought(id);
        },
      },
    );
    expect(tried.sort()).toEqual(["2", "3"]);
    expect(await settle(ledger, [])).toMatchObject({ refused: { order_id_repeated: 1 } });
  });
});
