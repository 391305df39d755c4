import { beforeAll, describe, expect, test } from "vitest";
import { type Actor, admin, anon, service, unique } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { aVariant } from "../support/factories.ts";

let mod: Actor;
const root = service();

beforeAll(async () => {
  mod = await admin();
});

const aCategory = async (parent_id: string | null = null) => {
  const slug = unique("category");
  return ok(
    mod.client.from("categories").insert({ name: slug, slug, parent_id }).select().single(),
  );
};

describe("the category tree", () => {
  test("keeps path and level, and moves what stands below along", async () => {
    const [home, garden] = await Promise.all([aCategory(), aCategory()]);
    const kitchen = await aCategory(home.id);
    const kettles = await aCategory(kitchen.id);
    expect(kettles).toMatchObject({ path: [home.slug, kitchen.slug, kettles.slug], level: 2 });

    const categories = () => mod.client.from("categories");
    await ok(categories().update({ parent_id: garden.id }).eq("id", kitchen.id).select());
    expect(await ok(categories().select("path, level").eq("id", kettles.id).single())).toEqual({
      path: [garden.slug, kitchen.slug, kettles.slug],
      level: 2,
    });
    await ok(categories().update({ parent_id: null }).eq("id", kitchen.id).select());
    expect(await ok(categories().select("level").eq("id", kettles.id).single())).toEqual({
      level: 1,
    });
  });

  test("refuses a category below itself, near or far", async () => {
    const home = await aCategory();
    const kitchen = await aCategory(home.id);
    const kettles = await aCategory(kitchen.id);
    for (const parent of [home, kitchen, kettles]) {
      const move = mod.client.from("categories").update({ parent_id: parent.id }).eq("id", home.id);
      expect(await refusal(move.select())).toMatchObject({ code: "category_cycle", status: 409 });
    }
  });

  test("keeps a category that has others below it", async () => {
    const home = await aCategory();
    await aCategory(home.id);
    const removal = mod.client.from("categories").delete().eq("id", home.id).select();
    // PostgreSQL 18 tells a restricted deletion apart from a missing row.
    expect(["23001", "23503"]).toContain((await refusal(removal)).code);
  });
});

describe("a product", () => {
  test("keeps what it is described by", async () => {
    const { productId } = await aVariant();
    const described = {
      description: "Whistles in C.",
      features: ["Whistles", "Stovetop"],
      specifications: { Material: "Steel", Litres: 1.7 },
      dimensions: { length: 220, width: 200, height: 240 },
      weight_grams: 1_100,
      list_price: 4_900,
      is_featured: true,
      seo_title: "The whistling kettle",
      metadata: { erp: { id: 7 } },
    };
    await ok(mod.client.from("products").update(described).eq("id", productId).select());
    const read = anon().client.from("products").select("*").eq("id", productId).single();
    expect(await ok(read)).toMatchObject(described);
  });

  test("comes with variants, media, brand, category and stock in one request", async () => {
    const { productId, sku } = await aVariant({
      brand: unique("Brand"),
      category: unique("Cat"),
      onHand: 7,
    });
    const page = await ok(
      anon()
        .client.from("products")
        .select(
          "slug, brands(name), categories(name), product_media(path), product_variants(sku, variant_stock(available), variant_prices(amount, kind))",
        )
        .eq("id", productId)
        .single(),
    );
    expect(page).toMatchObject({
      brands: { name: expect.any(String) },
      categories: { name: expect.any(String) },
      product_media: [],
      product_variants: [
        { sku, variant_stock: { available: 7 }, variant_prices: [{ amount: 1_250, kind: "base" }] },
      ],
    });
  });

  test("is changed by the version it was seen at: an older edit meets nothing", async () => {
    const { productId } = await aVariant();
    const products = () => mod.client.from("products");
    const { version } = await ok(products().select("version").eq("id", productId).single());
    const edit = (title: string) =>
      products().update({ title }).eq("id", productId).eq("version", version).select("title");
    expect(await ok(edit("First"))).toEqual([{ title: "First" }]);
    expect(await ok(edit("Second"))).toEqual([]);
  });

  test("does not go on sale without a variant", async () => {
    const product = { sku: unique("bare"), title: "Bare", status: "active" } as const;
    expect(await refusal(mod.client.from("products").insert(product).select())).toMatchObject({
      code: "product_without_variant",
      status: 409,
    });
  });

  test("makes its slug from the title, and a second one of that title gets another", async () => {
    const title = unique("Thé à la menthe");
    const rows = [1, 2].map((n) => ({ sku: unique(`t${n}`), title, price: 500, stock: 1 }));
    await ok(root.client.rpc("import_products", { rows }));
    const slugs = (await ok(root.client.from("products").select("slug").eq("title", title))).map(
      ({ slug }) => slug,
    );
    expect(new Set(slugs).size).toBe(2);
    for (const slug of slugs) expect(slug).toMatch(/^the-a-la-menthe[a-z0-9-]*$/);
  });
});

describe("a price", () => {
  test("has one base, and sales in windows that do not overlap", async () => {
    const { variantId: variant_id } = await aVariant({ price: 1_000 });
    const sale = (amount: number, from: string, to: string) =>
      mod.client.rpc("set_price", {
        variant_id,
        amount,
        kind: "sale",
        starts_at: `${from}T00:00:00Z`,
        ends_at: `${to}T00:00:00Z`,
      });
    await ok(sale(800, "2040-01-01", "2040-01-08"));
    await ok(sale(700, "2040-01-08", "2040-01-15"));
    expect(await refusal(sale(600, "2040-01-07", "2040-01-09"))).toMatchObject({
      code: "sale_overlaps",
      status: 409,
    });
    const dearer = await refusal(sale(1_000, "2041-01-01", "2041-01-02"));
    expect(dearer).toMatchObject({ code: "invalid_input", details: { field: "amount" } });
    const backwards = await refusal(sale(500, "2041-01-02", "2041-01-01"));
    expect(backwards).toMatchObject({ code: "invalid_input", details: { field: "ends_at" } });
  });

  test.each([0, -1, 1_000_000_000_000])("of %d is refused", async (amount) => {
    const { variantId: variant_id } = await aVariant();
    const refused = await refusal(mod.client.rpc("set_price", { variant_id, amount }));
    expect(refused).toMatchObject({
      code: "invalid_input",
      status: 422,
      details: { field: "amount" },
    });
  });
});
