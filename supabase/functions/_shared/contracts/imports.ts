import { z } from "zod";
import { Currency, Money, Options } from "./common.ts";

/**
 * One row of `import_products`; amounts in minor units. Rows that share `parent_sku` are variants.
 * A new product needs `title` and `price`; of a known sku, fields left out stay as they are.
 */
export const ImportRow = z.strictObject({
  sku: z.string(),
  title: z.string().optional(),
  price: Money.optional(),
  currency: Currency.optional(),
  description: z.string().optional(),
  /** `A > B` path, slug or name; created when missing. */
  category: z.string().optional(),
  brand: z.string().optional(),
  options: Options.optional(),
  parent_sku: z.string().optional(),
  /** Pieces on hand in the default warehouse, absolute. */
  stock: z.int().min(0).optional(),
  image: z.string().optional(),
  images: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  barcode: z.string().optional(),
  weight_grams: z.int().optional(),
  list_price: Money.optional(),
  sale_price: Money.optional(),
  specifications: z.record(z.string(), z.unknown()).optional(),
  features: z.array(z.string()).optional(),
  dimensions: z.record(z.string(), z.unknown()).optional(),
  status: z.enum(["draft", "active", "archived"]).optional(),
  slug: z.string().optional(),
});
export type ImportRow = z.infer<typeof ImportRow>;

/** What is wrong with a row, which counts from 0; `sku` is null where the row names none. */
export const RowError = z.object({
  row: z.int(),
  sku: z.string().nullable(),
  field: z.string(),
  message: z.string(),
});
export type RowError = z.infer<typeof RowError>;

/** Answer of `import_products`. */
export const ImportResult = z.object({
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  errors: z.array(RowError),
});
export type ImportResult = z.infer<typeof ImportResult>;

/** Answer of `set_stock`. */
export const StockResult = z.object({
  updated: z.int(),
  unchanged: z.int(),
  errors: z.array(RowError),
});
export type StockResult = z.infer<typeof StockResult>;
