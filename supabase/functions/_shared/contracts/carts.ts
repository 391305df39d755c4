import { z } from "zod";
import { Currency, Money, Options, Uuid } from "./common.ts";

export const CartItem = z.object({
  variant_id: Uuid,
  product_id: Uuid,
  sku: z.string(),
  title: z.string(),
  variant_title: z.string().nullable(),
  options: Options,
  image: z.string().nullable(),
  slug: z.string(),
  quantity: z.int(),
  /** Today's price; of a variant that has none, and cannot be bought, the one it had. */
  unit_price: Money,
  base_price: Money,
  line_total: Money,
  /** The price when it was put in. */
  price_seen: Money,
  price_changed: z.boolean(),
  /** Pieces that can be bought now. */
  available: z.int(),
  warning: z.enum(["out_of_stock", "low_stock", "unavailable"]).nullable(),
});
export type CartItem = z.infer<typeof CartItem>;

/** Answer of `get_cart`, `add_to_cart`, `set_cart_item` and `clear_cart`. */
export const Cart = z.object({
  /** Null before anything was put in. */
  id: Uuid.nullable(),
  currency: Currency,
  items: z.array(CartItem),
  /** Pieces, not lines. */
  item_count: z.int(),
  subtotal: Money,
  discount: Money,
  total: Money,
  /** What sale prices save against base prices. */
  savings: Money,
  version: z.int(),
});
export type Cart = z.infer<typeof Cart>;

/** Answer of `reorder`. */
export const Reordered = z.object({
  cart: Cart,
  skipped: z.array(z.object({ sku: z.string(), title: z.string(), reason: z.string() })),
});
export type Reordered = z.infer<typeof Reordered>;
