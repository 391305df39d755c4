import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Database, Settings } from "../../stack/database/database.ts";
import { openOwnDatabase } from "../support/own-database.ts";
import { asService, asUser, orderOf, type SqlShop, shopOn } from "../support/sql-shop.ts";

let database: Database;
let shop: SqlShop;
let ada: string;
let variant: string;

const products = 3_000;

beforeAll(async () => {
  database = await openOwnDatabase();
  shop = shopOn(database);
  for (let first = 0; first < products; first += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      sku: `P-${first + index}`,
      title: `Product ${first + index} ${index % 50 === 0 ? "teapot" : "kettle"}`,
      price: 100 + (((first + index) * 7919) % 50_000),
      stock: 100_000,
      category: `Shelf ${index % 40}`,
      brand: `Brand ${index % 60}`,
      specifications: { Colour: `Colour ${index % 80}` },
    }));
    await shop.one(asService, "import_products", { rows });
  }
  const shoppers = await shop.shoppers(1_500);
  ada = shoppers[7] ?? "";
  const [row] = await shop.sql("select id from product_variants where sku = 'P-0'");
  variant = String(row?.id);
  // Orders, carts and addresses of many shoppers, as rows: what counts here is how many there are.
  await shop.one(asUser(ada), "place_order", { input: { ...orderOf([{ variant }]).input } });
  await database.query(
    `insert into orders (buyer_id, email, status, payment_provider, currency, subtotal, total,
       prices_include_tax, item_count, shipping_address, billing_address, shipping_method,
       shipping_method_name, shipping_days_min, shipping_days_max, placed_at)
     select u.id, 'x@example.test', 'confirmed', 'cod', 'GBP', 100, 100, true, 1, '{}', '{}', 's',
       's', 1, 2, now() - n * interval '1 minute'
     from auth.users u cross join generate_series(1, 6) n`,
  );
  await database.query(
    `insert into order_items (order_id, position, sku, title, quantity, unit_price,
       base_unit_price, line_total)
     select o.id, 1, 'P-0', 'Product', 1, 100, 100, 100 from orders o
     where not exists (select from order_items i where i.order_id = o.id)`,
  );
  await database.query(
    `insert into payments (order_id, provider, amount, currency)
     select o.id, 'cod', 100, 'GBP' from orders o
     where not exists (select from payments p where p.order_id = o.id)`,
  );
  await database.query(
    `insert into carts (user_id, currency) select id, 'GBP' from auth.users on conflict do nothing`,
  );
  await database.query(
    `insert into cart_items (cart_id, variant_id, quantity, unit_price_seen)
     select c.id, v.id, 1, 100 from carts c cross join (
       select id from product_variants order by sku limit 5) v`,
  );
  await database.query(
    `insert into addresses (user_id, full_name, line1, city, postal_code, country)
     select id, 'X', 'X', 'X', 'SW1Y 4JH', 'GB' from auth.users cross join generate_series(1, 4)`,
  );
  await database.query("analyze");
}, 120_000);
afterAll(() => database.close());

interface Node {
  "Node Type": string;
  "Relation Name"?: string | undefined;
  "Index Name"?: string | undefined;
  "Subplan Name"?: string | undefined;
  Plans?: Node[] | undefined;
}
const Node: z.ZodType<Node> = z.looseObject({
  "Node Type": z.string(),
  "Relation Name": z.string().optional(),
  "Index Name": z.string().optional(),
  "Subplan Name": z.string().optional(),
  Plans: z.array(z.lazy(() => Node)).optional(),
});
const Explained = z.tuple([z.object({ Plan: Node })]);

const anonymous: Settings = { role: "anon", "request.jwt.claims": '{"role":"anon"}' };

/** How the planner would run the statement for this caller, with nothing switched off. */
const planOf = async (caller: Settings, statement: string) => {
  const rows = await database.transaction(
    async (session) => (await session.query(`explain (format json) ${statement}`)).rows,
    caller,
  );
  const [{ Plan: root }] = Explained.parse(Object.values(rows[0] ?? {})[0]);
  const nodes: Node[] = [];
  const walk = (node: Node) => {
    nodes.push(node);
    node.Plans?.forEach(walk);
  };
  walk(root);
  return {
    scanned: nodes
      .filter((node) => node["Node Type"] === "Seq Scan")
      .map((node) => node["Relation Name"]),
    indexes: nodes.flatMap((node) => node["Index Name"] ?? []),
    sorted: nodes.some((node) => /Sort/.test(node["Node Type"])),
    once: nodes
      .flatMap((node) => node["Subplan Name"] ?? [])
      .filter((name) => /InitPlan/.test(name)),
  };
};

const large = [
  "product_listing",
  "products",
  "product_variants",
  "variant_stock",
  "variant_prices",
  "orders",
  "order_items",
  "order_events",
  "payments",
  "cart_items",
  "carts",
  "addresses",
];

describe("for anybody, the listing's", () => {
  test.each([
    [
      "newest page",
      "product_listing_published_at_idx",
      "select * from product_listing order by published_at desc, product_id desc limit 24",
    ],
    [
      "next page by price",
      "product_listing_price_idx",
      `select * from product_listing
       where (price, product_id) > (20000, '00000000-0000-4000-8000-000000000000')
       order by price, product_id limit 24`,
    ],
    [
      "next page by price, as supabase-js writes it",
      "product_listing_price_idx",
      `select * from product_listing
       where price >= 20000 and (price > 20000 or product_id > '00000000-0000-4000-8000-000000000000')
       order by price, product_id limit 24`,
    ],
    [
      "page of a brand by price",
      "product_listing_brand_slug_price_idx",
      "select * from product_listing where brand_slug = 'brand-7' order by price, product_id limit 24",
    ],
    [
      "page of a category with all below it",
      "product_listing_category_slugs_idx",
      "select * from product_listing where category_slugs @> '{shelf-3}' order by price, product_id",
    ],
    [
      "text search",
      "product_listing_search_idx",
      "select * from product_listing where search @@ websearch_to_tsquery('english', 'teapot')",
    ],
    [
      "filter by attribute",
      "product_listing_attributes_idx",
      `select * from product_listing where attributes @> '{"Colour": ["Colour 7"]}'`,
    ],
    [
      "row of a slug",
      "product_listing_slug_idx",
      "select * from product_listing where slug = 'product-77-kettle'",
    ],
  ])("%s comes from %s", async (_, index, statement) => {
    const plan = await planOf(anonymous, statement);
    expect(plan.indexes).toContain(index);
    expect(plan.scanned.filter((name) => large.includes(name ?? ""))).toEqual([]);
  });

  test("pages need no sorting", async () => {
    const newest =
      "select * from product_listing order by published_at desc, product_id desc limit 24";
    const cheapest = "select * from product_listing order by price, product_id limit 24";
    for (const statement of [newest, cheapest]) {
      expect((await planOf(anonymous, statement)).sorted).toBe(false);
    }
  });
});

const callers: [string, () => Settings][] = [
  ["who is not signed in", () => anonymous],
  ["a shopper", () => asUser(ada)],
];

describe.each(callers)("for %s", (_, caller) => {
  test("a product's page by its slug touches no more rows than it shows", async () => {
    const plan = await planOf(
      caller(),
      `select p.*, v.*, s.available, a.amount
       from products p
       join product_variants v on v.product_id = p.id
       join variant_stock s on s.variant_id = v.id
       join variant_prices a on a.variant_id = v.id
       where p.slug = 'product-77-kettle'`,
    );
    expect(plan.scanned.filter((name) => large.includes(name ?? ""))).toEqual([]);
  });
});

describe("for a shopper under row level security,", () => {
  test.each<[string, string, () => string]>([
    [
      "the order history",
      "orders_buyer_id_placed_at_idx",
      () => `select * from orders where buyer_id = '${ada}' order by placed_at desc limit 20`,
    ],
    ["an order", "orders_pkey", () => `select * from orders where id = '${ada}'`],
    [
      "an order by its number",
      "orders_number_unique",
      () => "select * from orders where number = 'SM-100001'",
    ],
    ["the cart", "carts_one_per_user", () => "select * from carts"],
    ["the cart's lines", "cart_items_pkey", () => "select * from cart_items"],
    ["the addresses", "addresses_user_id_idx", () => "select * from addresses"],
  ])("%s comes from %s, and who calls is asked once", async (_, index, statement) => {
    const plan = await planOf(asUser(ada), statement());
    expect(plan.indexes).toContain(index);
    expect(plan.once.length).toBeGreaterThan(0);
    expect(plan.scanned.filter((name) => large.includes(name ?? ""))).toEqual([]);
  });

  test("the lines, events and payments of an order are read by its id", async () => {
    const [order] = await shop.sql("select id from orders where buyer_id = $1 limit 1", [ada]);
    for (const table of ["order_items", "order_events", "payments"]) {
      const plan = await planOf(
        asUser(ada),
        `select * from ${table} where order_id = '${order?.id}'`,
      );
      expect(
        plan.scanned.filter((name) => large.includes(name ?? "")),
        table,
      ).toEqual([]);
    }
  });
});

describe("for commands,", () => {
  test("an order of one line reads and writes by keys: 2 ms, not 200, in a shop of this size", async () => {
    const scans = async () => {
      const rows = await shop.sql(
        `select relname, seq_tup_read from pg_stat_user_tables where schemaname = 'public'`,
      );
      return new Map(rows.map(({ relname, seq_tup_read }) => [relname, Number(seq_tup_read)]));
    };
    await database.query("select pg_stat_force_next_flush()");
    const before = await scans();
    for (let count = 0; count < 5; count++) {
      await shop.one(asUser(ada), "place_order", { input: orderOf([{ variant }]).input });
    }
    await database.query("select pg_stat_force_next_flush()");
    const after = await scans();
    for (const name of large) {
      expect((after.get(name) ?? 0) - (before.get(name) ?? 0), name).toBeLessThan(1_000);
    }
  });
});
