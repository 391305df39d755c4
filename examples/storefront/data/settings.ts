import type { SupabaseClient } from "@supabase/supabase-js";
import { dataOf } from "../../shared/failure.ts";

export interface ShopSettings {
  name: string;
  currency: string;
  country: string;
  support_email: string | null;
  /** Minutes that an unpaid order keeps its goods. */
  order_hold_minutes: number;
}

export const readSettings = (client: SupabaseClient): Promise<ShopSettings> =>
  dataOf(
    client
      .from("shop_settings")
      .select("name,currency,country,support_email,order_hold_minutes")
      .single()
      .overrideTypes<ShopSettings, { merge: false }>(),
  );

export interface Country {
  code: string;
  name: string;
  postal_code_example: string | null;
  region_required: boolean;
}

const cacheKey = "supamarket.countries";

/** All countries by name. Kept for the visit, so that the checkout does not wait for them. */
export const readCountries = async (client: SupabaseClient): Promise<Country[]> => {
  const kept = sessionStorage.getItem(cacheKey);
  if (kept) return parseCountries(kept);
  const countries: Country[] = await dataOf(
    client
      .from("countries")
      .select("code,name,postal_code_example,region_required")
      .order("name")
      .overrideTypes<Country[], { merge: false }>(),
  );
  sessionStorage.setItem(cacheKey, JSON.stringify(countries));
  return countries;
};

// Only this module writes the key, so what is read is what was written.
const parseCountries = (text: string): Country[] => JSON.parse(text);
