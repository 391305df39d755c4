import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brandTexts, categoryTexts } from "../../tools/export/names.ts";
import { type Note, productRows } from "../../tools/export/product-rows.ts";
import type { Product, Variant } from "../../tools/export/read-catalogue.ts";
import { listCell, parseList } from "../../tools/import/list-cell.ts";
import { openOutput } from "../../tools/support/output.ts";

describe("a cell with several parts", () => {
  it.each(["list", "tags"] as const)("gives back every %s that was written", (kind) => {
    const part = fc.string({ unit: fc.constantFrom("a", "|", ",", '"', "[", "]", " ", "ü") });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        expect(parseList(listCell(parts, kind), kind)).toEqual(parts);
      }),
    );
  });

  it("stays readable where it can", () => {
    expect(listCell(["red", "blue"], "tags")).toBe("red|blue");
    expect(listCell(["red, blue"], "list")).toBe("red, blue");
    expect(parseList("[sale] | new", "tags")).toEqual(["[sale]", "new"]);
  });
});

describe("what an import calls", () => {
  it("a category is its path, or its slug where a path would mean another", () => {
    const category = (id: string, parent_id: string | null, name: string, slug = id) => ({
      id,
      parent_id,
      name,
      slug,
    });
    const texts = categoryTexts([
      category("home", null, "Home"),
      category("kitchen", "home", "Kitchen"),
      category("pots", "kitchen", "Pots"),
      category("twin", "kitchen", "pans"),
      category("twin-2", "kitchen", "Pans"),
      category("arrow", "home", "A > B"),
      category("below", "arrow", "C"),
      category("root-2", null, "mugs", "root-2"),
      category("mugs", "home", "Mugs"),
    ]);
    expect(Object.fromEntries(texts)).toEqual({
      home: "Home",
      kitchen: "Home > Kitchen",
      pots: "Home > Kitchen > Pots",
      twin: "twin",
      "twin-2": "twin-2",
      arrow: "arrow",
      below: "below",
      "root-2": "root-2",
      mugs: "Home > Mugs",
    });
  });

  it("a brand is its name, or its slug where brands share the name", () => {
    const texts = brandTexts([
      { id: "1", name: "Café Noir", slug: "cafe-noir" },
      { id: "2", name: "ACME", slug: "acme-2" },
      { id: "3", name: "Acme", slug: "acme-3" },
    ]);
    expect(Object.fromEntries(texts)).toEqual({ 1: "Café Noir", 2: "ACME", 3: "acme-3" });
  });
});

describe("a product as rows", () => {
  const aVariant = (change: Partial<Variant> = {}): Variant => ({
    id: "v1",
    sku: "P-1",
    barcode: null,
    options: {},
    position: 1,
    weight_grams: null,
    is_active: true,
    is_default: true,
    variant_prices: [
      { currency: "GBP", kind: "base", amount: 100, starts_at: null, ends_at: null },
    ],
    stock_levels: [],
    ...change,
  });
  const aProduct = (change: Partial<Product> = {}): Product => ({
    seller_id: null,
    sku: "P",
    slug: "p",
    title: "Product",
    description: "",
    brand_id: null,
    category_id: null,
    tags: [],
    features: [],
    specifications: {},
    dimensions: {},
    weight_grams: null,
    list_price: null,
    status: "active",
    product_media: [],
    product_variants: [aVariant()],
    ...change,
  });
  const rowsOf = (product: Product) => {
    const noted: Note[] = [];
    const rows = productRows(product, {
      currency: "GBP",
      warehouseId: "main",
      categories: new Map(),
      brands: new Map(),
      note: (what) => noted.push(what),
    });
    return { rows, noted };
  };

  it("leaves out what is empty", () => {
    expect(rowsOf(aProduct())).toEqual({
      rows: [
        {
          sku: "P-1",
          parent_sku: "P",
          title: "Product",
          status: "active",
          slug: "p",
          price: 100,
          currency: "GBP",
        },
      ],
      noted: [],
    });
  });

  it("says first what the product is, and gives each variant its own pictures", () => {
    const { rows } = rowsOf(
      aProduct({
        description: "Once.",
        weight_grams: 500,
        product_media: [
          { id: "b", variant_id: null, path: "/second", position: 2 },
          { id: "a", variant_id: null, path: "/first", position: 1 },
          { id: "c", variant_id: "v2", path: "/own", position: 1 },
        ],
        product_variants: [
          aVariant({ id: "v2", sku: "P-2", position: 1, is_default: false, weight_grams: 600 }),
          aVariant({ position: 2 }),
        ],
      }),
    );
    expect(rows).toMatchObject([
      { sku: "P-1", description: "Once.", weight_grams: 500, images: ["/first", "/second"] },
      { sku: "P-2", weight_grams: 600, images: ["/own"] },
    ]);
    expect(rows[1]).not.toHaveProperty("description");
  });

  it("notes what rows cannot say", () => {
    expect(rowsOf(aProduct({ product_variants: [] }))).toEqual({
      rows: [],
      noted: ["without_variants"],
    });
    const { rows, noted } = rowsOf(
      aProduct({
        seller_id: "s",
        product_variants: [
          aVariant({
            is_active: false,
            variant_prices: [],
            weight_grams: 5,
            stock_levels: [
              { warehouse_id: "main", on_hand: 3 },
              { warehouse_id: "north", on_hand: 4 },
            ],
          }),
        ],
      }),
    );
    expect(rows).toMatchObject([{ stock: 3 }]);
    expect(noted.sort()).toEqual([
      "of_sellers",
      "off_sale",
      "other_warehouses",
      "own_pictures",
      "without_price",
    ]);
  });
});

describe("a file to write", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "supamarket-output-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const breakingOff = async function* () {
    yield "half a catalogue\n";
    throw new Error("the shop went away");
  };

  it.each(["old.csv", "old.csv.gz"])(
    "leaves %s as it was when writing breaks off",
    async (name) => {
      const path = join(folder, name);
      await writeFile(path, "old");
      const output = await openOutput(path);
      await expect(output.write(breakingOff())).rejects.toThrow("the shop went away");
      expect(await readFile(path, "utf8")).toBe("old");
      expect((await readdir(folder)).filter((file) => file.includes("partial"))).toEqual([]);
    },
  );

  it("bears its name only when it is whole", async () => {
    const path = join(folder, "new.csv");
    const seen: string[][] = [];
    const chunks = async function* () {
      yield "one\n";
      seen.push(await readdir(folder));
      yield "two\n";
    };
    await (await openOutput(path)).write(chunks());
    expect(seen[0]).not.toContain("new.csv");
    expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
  });
});
