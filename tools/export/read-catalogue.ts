import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { dataOf, retrying } from "../support/project.ts";

const Variant = z.object({
  id: z.string(),
  sku: z.string(),
  barcode: z.string().nullable(),
  options: z.record(z.string(), z.string()),
  position: z.int(),
  weight_grams: z.int().nullable(),
  is_active: z.boolean(),
  is_default: z.boolean(),
  variant_prices: z.array(
    z.object({
      currency: z.string(),
      kind: z.enum(["base", "sale"]),
      amount: z.int(),
      starts_at: z.string().nullable(),
      ends_at: z.string().nullable(),
    }),
  ),
  stock_levels: z.array(z.object({ warehouse_id: z.string(), on_hand: z.int() })),
});

const Product = z.object({
  seller_id: z.string().nullable(),
  sku: z.string(),
  slug: z.string(),
  title: z.string(),
  description: z.string(),
  brand_id: z.string().nullable(),
  category_id: z.string().nullable(),
  tags: z.array(z.string()),
  features: z.array(z.string()),
  specifications: z.record(z.string(), z.unknown()),
  dimensions: z.record(z.string(), z.number()),
  weight_grams: z.int().nullable(),
  list_price: z.int().nullable(),
  status: z.string(),
  product_media: z.array(
    z.object({
      id: z.string(),
      variant_id: z.string().nullable(),
      path: z.string(),
      position: z.int(),
    }),
  ),
  product_variants: z.array(Variant),
});
/** A product with everything that its rows are made of. */
export type Product = z.infer<typeof Product>;
export type Variant = z.infer<typeof Variant>;

/** Whose products: everybody's, the shop's own (no seller), or those of sellers by id. */
export type Offered = "all" | "shop" | readonly string[];

const productColumns = `
  seller_id, sku, slug, title, description, brand_id, category_id, tags, features, specifications,
  dimensions, weight_grams, list_price, status,
  product_media!product_media_product_id_fkey(id, variant_id, path, position),
  product_variants!product_variants_product_id_fkey(
    id, sku, barcode, options, position, weight_grams, is_active, is_default,
    variant_prices!variant_prices_variant_id_fkey(currency, kind, amount, starts_at, ends_at),
    stock_levels!stock_levels_variant_id_fkey(warehouse_id, on_hand)
  )`.replace(/\s+/g, "");

/** Descriptions may have 20 kB each, so a page stays far below what fits into one answer. */
const productsInPage = 200;

/** About how many products there are; for the progress alone. */
export const estimateProducts = (client: SupabaseClient, offered: Offered): Promise<number> =>
  retrying(async () => {
    const answer = await productsOf(client, offered, "sku", { count: "estimated", head: true });
    dataOf(answer);
    return answer.count ?? 0;
  });

/** All products by sku, a page at a time; each page starts after the last sku of the one before. */
export async function* readProducts(
  client: SupabaseClient,
  offered: Offered,
): AsyncGenerator<Product[]> {
  let after: string | undefined;
  for (;;) {
    const page = await retrying(async () => {
      const all = productsOf(client, offered, productColumns);
      const rest = after === undefined ? all : all.gt("sku", after);
      return z.array(Product).parse(dataOf(await rest.order("sku").limit(productsInPage)));
    });
    if (page.length > 0) yield page;
    after = page.at(-1)?.sku;
    if (page.length < productsInPage) return;
  }
}

const productsOf = (
  client: SupabaseClient,
  offered: Offered,
  columns: string,
  options?: { count: "estimated"; head: true },
) => {
  const all = client.from("products").select(columns, options);
  if (offered === "all") return all;
  return offered === "shop" ? all.is("seller_id", null) : all.in("seller_id", offered);
};

const rowsInPage = 1000;

/** A whole table of reference data, such as categories. */
export const readTable = async <T extends { id: string }>(
  client: SupabaseClient,
  table: string,
  Row: z.ZodType<T>,
  columns: string,
): Promise<T[]> => {
  const rows: T[] = [];
  for (;;) {
    const after = rows.at(-1)?.id;
    const page = await retrying(async () => {
      const all = client.from(table).select(columns);
      const rest = after === undefined ? all : all.gt("id", after);
      return z.array(Row).parse(dataOf(await rest.order("id").limit(rowsInPage)));
    });
    rows.push(...page);
    if (page.length < rowsInPage) return rows;
  }
};
