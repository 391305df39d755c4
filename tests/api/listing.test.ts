import { beforeAll, describe, expect, test } from "vitest";
import { type Actor, anon, customer, seller, service, unique } from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { openWire } from "../support/wire.ts";

/** Every product here is of this brand, so that what other tests put on sale does not count. */
const brand = unique("Harbour");
const shelf = unique("Kitchen");
const look = () => anon().client.from("product_listing").select("*").eq("brand", brand);
const titles = (rows: readonly { title: string }[]) => rows.map(({ title }) => title);

interface Stocked {
  title: string;
  price: number;
  category: string;
  sale_price?: number;
  stock?: number;
  tags?: string[];
  description?: string;
  specifications?: Record<string, string>;
}

const kettle = `${shelf} > ${unique("Kettles")}`;
const stovetop = `${kettle} > ${unique("Stovetop")}`;
const lamps = unique("Lamps");

const goods: readonly Stocked[] = [
  {
    title: "Whistling kettle",
    price: 3_000,
    category: stovetop,
    specifications: { Material: "Steel" },
  },
  { title: "Glass kettle", price: 2_000, category: kettle, specifications: { Material: "Glass" } },
  {
    title: "Copper kettle",
    price: 9_000,
    category: kettle,
    stock: 0,
    specifications: { Material: "Copper" },
  },
  { title: "Crème lamp", price: 4_000, category: lamps, sale_price: 2_500, tags: ["bedroom"] },
  {
    title: "Reading lamp",
    price: 5_000,
    category: lamps,
    description: "A tall lamp for armchairs",
  },
];

beforeAll(async () => {
  const rows = goods.map((row, index) => ({ stock: 5, sku: unique(`l${index}`), brand, ...row }));
  expect(await ok(service().client.rpc("import_products", { rows }))).toMatchObject({
    created: goods.length,
    errors: [],
  });
});

describe("the listing", () => {
  test("has one row a product with prices, stock, category, picture and variants", async () => {
    const [lamp] = await ok(look().eq("title", "Crème lamp"));
    expect(lamp).toMatchObject({
      slug: expect.stringMatching(/^creme-lamp/),
      price: 2_500,
      base_price: 4_000,
      is_on_sale: true,
      in_stock: true,
      tags: ["bedroom"],
      variant_count: 1,
      variants: [expect.objectContaining({ price: 2_500, base_price: 4_000, in_stock: true })],
    });
  });

  test("of a category includes what stands below it", async () => {
    const { data: category } = await anon()
      .client.from("categories")
      .select("slug, path, level")
      .eq("name", stovetop.split(" > ").at(-1) ?? "")
      .single();
    expect(category?.level).toBe(2);
    const [root = "", parent = "", own = ""] = category?.path ?? [];
    const below = async (slug: string) =>
      titles(await ok(look().contains("category_slugs", [slug]).order("price")));
    expect(await below(root)).toEqual(["Glass kettle", "Whistling kettle", "Copper kettle"]);
    expect(await below(parent)).toEqual(["Glass kettle", "Whistling kettle", "Copper kettle"]);
    expect(await below(own)).toEqual(["Whistling kettle"]);
  });

  test("is filtered by price, availability, sale, tag and attribute", async () => {
    expect(titles(await ok(look().gte("price", 2_500).lt("price", 5_000).order("price")))).toEqual([
      "Crème lamp",
      "Whistling kettle",
    ]);
    expect(titles(await ok(look().eq("in_stock", false)))).toEqual(["Copper kettle"]);
    expect(titles(await ok(look().eq("is_on_sale", true)))).toEqual(["Crème lamp"]);
    expect(titles(await ok(look().contains("tags", ["bedroom"])))).toEqual(["Crème lamp"]);
    expect(titles(await ok(look().contains("attributes", { Material: ["Glass"] })))).toEqual([
      "Glass kettle",
    ]);
  });

  test("is searched by words of title, description and category, accents or not", async () => {
    const search = async (words: string) =>
      titles(
        await ok(look().textSearch("search", words, { type: "websearch", config: "english" })),
      );
    expect(await search("kettles")).toHaveLength(3);
    expect(await search("armchair")).toEqual(["Reading lamp"]);
    expect(await search("creme")).toEqual(["Crème lamp"]);
    expect(await search("lamp -reading")).toEqual(["Crème lamp"]);
    expect(await search("teapot")).toEqual([]);
  });

  test("is sorted by price and by age", async () => {
    expect(titles(await ok(look().order("price", { ascending: false }).limit(2)))).toEqual([
      "Copper kettle",
      "Reading lamp",
    ]);
    const newest = await ok(look().order("published_at", { ascending: false }));
    expect(newest.map(({ published_at }) => published_at)).toEqual(
      newest
        .map(({ published_at }) => published_at)
        .sort()
        .reverse(),
    );
  });

  test("is read page by page after the last row seen, each product once", async () => {
    const seen: string[] = [];
    for (let last: { price: number; product_id: string } | undefined; ; ) {
      const page = look().order("price").order("product_id").limit(2);
      const after = last
        ? page.or(
            `price.gt.${last.price},and(price.eq.${last.price},product_id.gt.${last.product_id})`,
          )
        : page;
      const rows = await ok(after);
      if (rows.length === 0) break;
      seen.push(...titles(rows));
      last = rows.at(-1);
    }
    expect(seen).toEqual([
      "Glass kettle",
      "Crème lamp",
      "Whistling kettle",
      "Reading lamp",
      "Copper kettle",
    ]);
  });

  test("is read by page number with a count of all", async () => {
    const page = await anon()
      .client.from("product_listing")
      .select("title", { count: "exact" })
      .eq("brand", brand)
      .order("price")
      .range(2, 3);
    expect(page.count).toBe(goods.length);
    expect(titles(page.data ?? [])).toEqual(["Whistling kettle", "Reading lamp"]);
    const counted = await anon()
      .client.from("product_listing")
      .select("*", { count: "exact", head: true })
      .eq("brand", brand);
    expect(counted.count).toBe(goods.length);
  });

  test("counts the whole shop by estimate without an error", async () => {
    const { count, error } = await anon()
      .client.from("product_listing")
      .select("*", { count: "estimated", head: true });
    expect(error).toBeNull();
    expect(count).toBeGreaterThanOrEqual(0);
  });

  test("shows a seller's products with the seller's name", async () => {
    const sol = await seller();
    const rows = [{ sku: unique("sol"), title: "Pan", price: 900, stock: 1 }];
    await ok(sol.client.rpc("import_products", { rows }));
    const own = anon().client.from("product_listing").select("title, seller_name");
    expect(await ok(own.eq("seller_id", sol.sellerId))).toEqual([
      { title: "Pan", seller_name: expect.stringContaining("sol-") },
    ]);
  });
});

describe("the listing follows", () => {
  let ada: Actor;
  const root = service();
  const row = () => ({
    sku: unique("f"),
    title: unique("Follower"),
    price: 1_000,
    stock: 1,
    brand,
  });

  beforeAll(async () => {
    ada = await customer();
  });

  const anItem = async () => {
    const item = row();
    await ok(root.client.rpc("import_products", { rows: [item] }));
    const find = () =>
      ada.client.from("product_listing").select("*").eq("title", item.title).maybeSingle();
    const [listed] = await ok(
      ada.client.from("product_listing").select("*").eq("title", item.title),
    );
    if (!listed) throw new Error("not listed");
    return { item, find, listed, variantId: listed.default_variant_id };
  };

  test("a price, with a version that grows", async () => {
    const { find, listed, variantId } = await anItem();
    await ok(root.client.rpc("set_price", { variant_id: variantId, amount: 800 }));
    const after = await ok(find());
    expect(after).toMatchObject({ price: 800, price_max: 800 });
    expect(after.version).toBeGreaterThan(listed.version);
  });

  test("the last piece's going and coming", async () => {
    const { find, variantId } = await anItem();
    const adjust = (quantity: number) =>
      ok(root.client.rpc("adjust_stock", { variant_id: variantId, quantity, reason: "adjusted" }));
    await adjust(-1);
    expect(await ok(find())).toMatchObject({ in_stock: false });
    await adjust(3);
    expect(await ok(find())).toMatchObject({ in_stock: true });
  });

  test("a rename of product, brand and category", async () => {
    const { find, listed } = await anItem();
    const category = unique("shelf");
    const { id } = await ok(
      root.client
        .from("categories")
        .insert({ name: category, slug: category })
        .select("id")
        .single(),
    );
    const products = root.client.from("products");
    await ok(products.update({ category_id: id }).eq("id", listed.product_id).select());
    await ok(root.client.from("categories").update({ name: "Renamed" }).eq("id", id).select());
    expect(await ok(find())).toMatchObject({ category: "Renamed", category_slug: category });
  });

  test("archiving: the row goes, and the old address leads on after a new slug", async () => {
    const { find, listed } = await anItem();
    const products = () => root.client.from("products");
    const slug = unique("moved");
    await ok(products().update({ slug }).eq("id", listed.product_id).select());
    expect(await ok(find())).toMatchObject({ slug });
    const redirect = ada.client
      .from("product_slug_redirects")
      .select("products(slug)")
      .eq("old_slug", listed.slug);
    expect(await ok(redirect)).toEqual([{ products: { slug } }]);

    await ok(products().update({ status: "archived" }).eq("id", listed.product_id).select());
    expect((await find()).data).toBeNull();
  });

  test("a sale that begins, and one that ended once the scheduler has looked", async () => {
    const { find, listed, variantId } = await anItem();
    const ends_at = new Date(Date.now() + 3_600_000).toISOString();
    const sale = { variant_id: variantId, amount: 700, kind: "sale", ends_at } as const;
    await ok(root.client.rpc("set_price", sale));
    expect(await ok(find())).toMatchObject({ price: 700, is_on_sale: true });

    // As if the hour had passed: the rows say so, and no trigger has looked at them since.
    const sql = openWire();
    await sql.begin(async (tx) => {
      await tx`select set_config('supamarket.listing', 'deferred', true)`;
      await tx`update variant_prices set ends_at = now() - interval '1 second'
        where variant_id = ${variantId} and kind = 'sale'`;
      await tx`update product_listing set price_changes_at = now() - interval '1 second'
        where product_id = ${listed.product_id}`;
    });
    await sql`select private.refresh_due_listings()`;
    await sql.end();
    expect(await ok(find())).toMatchObject({ price: 1_000, is_on_sale: false });
  });
});
