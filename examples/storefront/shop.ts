import type { SupabaseClient } from "@supabase/supabase-js";
import type { PageConfig } from "../shared/config.ts";
import type { CartStore } from "./data/cart.ts";
import type { Brand, Catalog, Category } from "./data/catalog.ts";
import type { Guest } from "./data/guest.ts";
import type { Orders } from "./data/orders.ts";
import type { ShopSettings } from "./data/settings.ts";
import type { Navigate } from "./router.ts";

/** All that a view may need. */
export interface Shop {
  client: SupabaseClient;
  config: PageConfig;
  settings: ShopSettings;
  categories: Category[];
  brands: Brand[];
  catalog: Catalog;
  cart: CartStore;
  guest: Guest;
  orders: Orders;
  navigate: Navigate;
  /** Says something to screen readers. */
  announce(text: string): void;
}

const base = import.meta.env.BASE_URL;

/** Addresses of the pages. */
export const links = {
  home: base,
  category: (slug: string) => `${base}?category=${encodeURIComponent(slug)}`,
  product: (slug: string) => `${base}p/${encodeURIComponent(slug)}`,
  cart: `${base}cart`,
  checkout: `${base}checkout`,
  orders: `${base}orders`,
  order: (id: string) => `${base}orders/${id}`,
} as const;
