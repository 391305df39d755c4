import type { SupabaseClient } from "@supabase/supabase-js";
import { dataOf } from "../../shared/failure.ts";
import { toMinor } from "../../shared/money.ts";
import type { ListingQuery, Sort } from "./listing-query.ts";

export interface Category {
  id: string;
  parent_id: string | null;
  name: string;
  slug: string;
  path: string[];
}

export interface Brand {
  name: string;
  slug: string;
}

/** What a tile shows: a row of `product_listing` in part. Prices in minor units. */
export interface Tile {
  product_id: string;
  slug: string;
  title: string;
  brand: string | null;
  currency: string;
  price: number;
  price_max: number;
  base_price: number;
  is_on_sale: boolean;
  in_stock: boolean;
  rating_average: number;
  rating_count: number;
  image: string | null;
  variant_count: number;
  published_at: string;
}

export interface Variant {
  id: string;
  sku: string;
  title: string;
  options: Record<string, string>;
  price: number;
  base_price: number;
  in_stock: boolean;
}

export interface ProductPage extends Tile {
  category: string | null;
  category_slug: string | null;
  seller_name: string | null;
  list_price: number | null;
  images: { path: string; alt: string }[];
  variants: Variant[];
  default_variant_id: string;
  version: number;
  products: {
    description: string;
    features: string[];
    specifications: Record<string, unknown>;
    variant_stock: { variant_id: string; available: number }[];
  };
}

const tileColumns =
  "product_id,slug,title,brand,currency,price,price_max,base_price,is_on_sale,in_stock," +
  "rating_average,rating_count,image,variant_count,published_at";

const pageColumns =
  `${tileColumns},category,category_slug,seller_name,list_price,images,variants,` +
  "default_variant_id,version,products(description,features,specifications," +
  "variant_stock(variant_id,available))";

export const pageSize = 24;

export interface TilePage {
  tiles: Tile[];
  hasMore: boolean;
}

/** Columns of each order, most significant first; the product's id makes the order total. */
const orders: Readonly<Record<Sort, readonly { column: keyof Tile; ascending: boolean }[]>> = {
  newest: [
    { column: "published_at", ascending: false },
    { column: "product_id", ascending: false },
  ],
  price: [
    { column: "price", ascending: true },
    { column: "product_id", ascending: true },
  ],
  dearest: [
    { column: "price", ascending: false },
    { column: "product_id", ascending: false },
  ],
  rating: [
    { column: "rating_average", ascending: false },
    { column: "rating_count", ascending: false },
    { column: "product_id", ascending: false },
  ],
};

/**
 * The PostgREST filter for what comes after a row: for columns a, b it is
 * `a.lt.A,and(a.eq.A,b.lt.B)`. A page deep down costs as much as the first.
 */
const afterFilter = (sort: Sort, last: Tile): string => {
  const columns = orders[sort];
  return columns
    .map(({ column, ascending }, index) => {
      const equal = columns.slice(0, index).map((c) => `${c.column}.eq."${last[c.column]}"`);
      const beyond = `${column}.${ascending ? "gt" : "lt"}."${last[column]}"`;
      return equal.length === 0 ? beyond : `and(${[...equal, beyond].join(",")})`;
    })
    .join(",");
};

const withoutAccents = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "");

export const createCatalog = (client: SupabaseClient, currency: string) => ({
  categories: (): Promise<Category[]> =>
    dataOf(
      client
        .from("categories")
        .select("id,parent_id,name,slug,path")
        .order("position")
        .order("name"),
    ),

  brands: (): Promise<Brand[]> =>
    dataOf(client.from("brands").select("name,slug").order("name").limit(60)),

  featured: async (): Promise<Tile[]> =>
    dataOf(
      client
        .from("product_listing")
        .select(tileColumns)
        .eq("is_featured", true)
        .order("published_at", { ascending: false })
        .limit(4)
        .overrideTypes<Tile[], { merge: false }>(),
    ),

  /** One page, after `last` when it is given. */
  list: async (query: ListingQuery, last?: Tile): Promise<TilePage> => {
    let request = client.from("product_listing").select(tileColumns);
    const text = withoutAccents(query.text.trim());
    if (text)
      request = request.textSearch("search", text, { type: "websearch", config: "english" });
    if (query.category) request = request.contains("category_slugs", [query.category]);
    if (query.brands.length > 0) request = request.in("brand_slug", [...query.brands]);
    const min = toMinor(query.min, currency);
    const max = toMinor(query.max, currency);
    if (min !== undefined) request = request.gte("price", min);
    if (max !== undefined) request = request.lte("price", max);
    if (query.inStock) request = request.is("in_stock", true);
    if (query.onSale) request = request.is("is_on_sale", true);
    if (last) request = request.or(afterFilter(query.sort, last));
    for (const { column, ascending } of orders[query.sort]) {
      request = request.order(column, { ascending });
    }
    // One more than shown tells whether there is a next page.
    const rows = await dataOf(
      request.limit(pageSize + 1).overrideTypes<Tile[], { merge: false }>(),
    );
    return { tiles: rows.slice(0, pageSize), hasMore: rows.length > pageSize };
  },

  /** Everything the product page shows, in one request; null when there is no such product. */
  page: async (slug: string): Promise<ProductPage | null> => {
    const rows = await dataOf(
      client
        .from("product_listing")
        .select(pageColumns)
        .eq("slug", slug)
        .limit(1)
        .overrideTypes<ProductPage[], { merge: false }>(),
    );
    return rows[0] ?? null;
  },

  /** Where a product with this former slug is now. */
  movedTo: async (slug: string): Promise<string | null> => {
    const rows = await dataOf(
      client
        .from("product_slug_redirects")
        .select("products(slug)")
        .eq("old_slug", slug)
        .limit(1)
        .overrideTypes<{ products: { slug: string } | null }[], { merge: false }>(),
    );
    return rows[0]?.products?.slug ?? null;
  },
});

export type Catalog = ReturnType<typeof createCatalog>;
