import { beforeAll, describe, expect, test } from "vitest";
import { ImportResult } from "../../types/index.ts";
import { type Actor, anon, customer, seller, service, unique } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { anOrderInput, aVariant, placeOrder } from "../support/factories.ts";

type Row = Record<string, unknown>;

const root = service();
let sol: Actor & { sellerId: string };

beforeAll(async () => {
  sol = await seller();
});

const send = async (rows: readonly Row[], { client }: Actor = root): Promise<ImportResult> =>
  ImportResult.parse(await ok(client.rpc("import_products", JSON.parse(JSON.stringify({ rows })))));

const aRow = (change: Row = {}): Row & { sku: string } => ({
  sku: unique("i").toUpperCase(),
  title: "Imported kettle",
  price: 1_500,
  stock: 3,
  ...change,
});

describe("an import", () => {
  test("creates what is new, and the same rows again change nothing", async () => {
    const rows = [
      aRow(),
      aRow({ sale_price: 900, tags: ["a", "b"], images: ["/a.svg", "/b.svg"] }),
    ];
    expect(await send(rows)).toEqual({ created: 2, updated: 0, unchanged: 0, errors: [] });
    expect(await send(rows)).toEqual({ created: 0, updated: 0, unchanged: 2, errors: [] });
  });

  test("updates only what a row says, by sku", async () => {
    const first = aRow({ description: "Stays.", tags: ["kept"] });
    await send([first]);
    const change = { sku: first.sku, title: "Renamed", price: 1_600 };
    expect(await send([change])).toMatchObject({ created: 0, updated: 1, unchanged: 0 });
    const product = anon().client.from("products").select("title, description, tags");
    expect(await ok(product.eq("sku", first.sku).single())).toEqual({
      title: "Renamed",
      description: "Stays.",
      tags: ["kept"],
    });
  });

  test("makes one product of rows that share a parent, with a variant each", async () => {
    const parent_sku = unique("shirt").toUpperCase();
    const rows = ["S", "M", "L"].map((Size) =>
      aRow({ parent_sku, title: "Shirt", options: { Size } }),
    );
    expect(await send(rows)).toMatchObject({ created: 3, errors: [] });
    const [listed, ...more] = await ok(
      anon()
        .client.from("product_listing")
        .select("*, products!inner(sku)")
        .eq("products.sku", parent_sku),
    );
    expect(more).toEqual([]);
    expect(listed).toMatchObject({ variant_count: 3, attributes: { Size: ["L", "M", "S"] } });
  });

  test("makes categories and brands that are missing, once", async () => {
    const path = `${unique("Home")} > ${unique("Kitchen")}`;
    const brand = unique("Pine");
    await send([aRow({ category: path, brand }), aRow({ category: path, brand })]);
    const brands = anon().client.from("brands").select("name").eq("name", brand);
    expect(await ok(brands)).toHaveLength(1);
    const names = path.split(" > ");
    expect(
      await ok(anon().client.from("categories").select("name").in("name", names)),
    ).toHaveLength(2);
  });

  test("does the good rows and names each bad one with its field", async () => {
    const good = aRow();
    const result = await send([
      aRow({ price: 0 }),
      aRow({ price: "12.50" }),
      aRow({ title: "" }),
      aRow({ sku: "" }),
      aRow({ stock: -1 }),
      aRow({ stock: 1.5 }),
      aRow({ currency: "XXQ" }),
      aRow({ status: "sold" }),
      aRow({ sale_price: 2_000 }),
      aRow({ colour: "red" }),
      aRow({ barcode: "?" }),
      good,
      { ...good, title: "Twin" },
    ]);
    expect(result).toMatchObject({ created: 1, updated: 0, unchanged: 0 });
    expect(result.errors.map(({ row, field }) => [row, field])).toEqual([
      [0, "price"],
      [1, "price"],
      [2, "title"],
      [3, "sku"],
      [4, "stock"],
      [5, "stock"],
      [6, "currency"],
      [7, "status"],
      [8, "sale_price"],
      [9, "colour"],
      [10, "barcode"],
      [12, "sku"],
    ]);
    for (const { message } of result.errors) expect(message).toMatch(/\.$/);
  });

  test("names rows that are no rows at all", async () => {
    const result = await send(JSON.parse('[null, 7, "kettle", []]'));
    expect(result.errors.map(({ row }) => row)).toEqual([0, 1, 2, 3]);
  });

  test("books stock as movements, so the ledger explains it", async () => {
    const row = aRow({ stock: 3 });
    await send([row]);
    await send([{ ...row, stock: 10 }]);
    const { id } = await ok(
      root.client.from("product_variants").select("id").eq("sku", row.sku).single(),
    );
    const moved = root.client
      .from("stock_movements")
      .select("quantity, reason")
      .eq("variant_id", id);
    expect(await ok(moved.order("id"))).toEqual([
      { quantity: 3, reason: "imported" },
      { quantity: 7, reason: "imported" },
    ]);
  });

  test("does not take stock below what orders reserve", async () => {
    const kettle = await aVariant({ onHand: 5 });
    await placeOrder(await customer(), anOrderInput({ lines: [{ variant: kettle, quantity: 4 }] }));
    const result = await send([
      { sku: kettle.sku, title: kettle.title, price: kettle.price, stock: 3 },
    ]);
    expect(result.errors).toMatchObject([{ row: 0, field: "stock" }]);
  });

  test("of a seller touches no sku of the shop's or of another seller's", async () => {
    const lamp = await aVariant();
    const result = await send([{ sku: lamp.sku, title: "Mine now", price: 1 }, aRow()], sol);
    expect(result).toMatchObject({ created: 1, updated: 0, errors: [{ row: 0, field: "sku" }] });
    const product = anon()
      .client.from("products")
      .select("title, seller_id")
      .eq("id", lamp.productId);
    expect(await ok(product.single())).toEqual({ title: lamp.title, seller_id: null });
  });

  test("takes at most 1,000 rows a call, and only rows", async () => {
    const many = Array.from({ length: 1_001 }, () => aRow());
    for (const rows of [many, 7, { sku: "x" }, null]) {
      const call = root.client.rpc("import_products", JSON.parse(JSON.stringify({ rows })));
      expect(await refusal(call)).toMatchObject({
        code: "invalid_input",
        status: 422,
        details: { field: "rows" },
      });
    }
  });

  test("keeps any script and any quote as it came", async () => {
    const title = `Tee‑Kessel "Ö'l" 茶 🫖 ${unique("u")}`;
    const row = aRow({ title, description: "'; drop table products; --" });
    await send([row]);
    const product = anon().client.from("products").select("title, description").eq("sku", row.sku);
    expect(await ok(product.single())).toEqual({ title, description: row.description });
  });
});
