import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { CheckoutAnswer, Placed, type PlaceOrderInput } from "../../types/index.ts";
import {
  ApiFailure,
  connect,
  dataOf,
  delay,
  functionFailure,
  retrying,
} from "../support/project.ts";

/** What a shopper does in the shop, each a request as an app makes it. */
export interface Shopper {
  /** Ids of variants by sku; those that are not for sale are left out. */
  findVariants(skus: readonly string[]): Promise<Map<string, string>>;
  /** Puts pieces into the cart; sure to be counted once. */
  addToCart(variantId: string, quantity: number): Promise<void>;
  clearCart(): Promise<void>;
  /** `place_order`, for what needs no payment page. */
  placeOrder(input: PlaceOrderInput): Promise<Placed>;
  /** The `checkout` function, for paying by card. */
  checkout(input: PlaceOrderInput): Promise<CheckoutAnswer>;
  /** Left by an order that failed: the cart may hold what it had put there. */
  cartIsUncertain: boolean;
}

/** Skus in one lookup: the address of a request has to stay short. */
const skusAtOnce = 150;

const Variants = z.array(z.object({ id: z.string(), sku: z.string() }));

/** Signs in as a guest. */
export const openShopper = async (url: string, key: string): Promise<Shopper> => {
  const client = connect(url, key);
  await retrying(async () => {
    const { error } = await client.auth.signInAnonymously();
    if (error) throw new ApiFailure(error.status ?? 0, error.code ?? "unreachable", error.message);
  });
  return {
    cartIsUncertain: false,
    findVariants: async (skus) => {
      const found = new Map<string, string>();
      for (let from = 0; from < skus.length; from += skusAtOnce) {
        const some = skus.slice(from, from + skusAtOnce);
        const rows = await retrying(async () =>
          dataOf(await client.from("product_variants").select("id, sku").in("sku", some)),
        );
        for (const { id, sku } of Variants.parse(rows)) found.set(sku, id);
      }
      return found;
    },
    addToCart: async (variantId, quantity) => {
      const line = { variant_id: variantId, quantity };
      try {
        dataOf(await client.rpc("add_to_cart", line));
      } catch (error) {
        if (!(error instanceof ApiFailure && error.isTransient)) throw error;
        // Nobody knows whether it arrived, so the second try says how many there shall be.
        await delay(250);
        await retrying(async () => dataOf(await client.rpc("set_cart_item", line)));
      }
    },
    clearCart: async () => {
      await retrying(async () => dataOf(await client.rpc("clear_cart")));
    },
    placeOrder: (input) =>
      retrying(async () => Placed.parse(dataOf(await client.rpc("place_order", { input })))),
    checkout: (input) =>
      retrying(async () => {
        const { data, error } = await invoke(client, input);
        if (error) throw await functionFailure(error);
        return CheckoutAnswer.parse(data);
      }),
  };
};

const invoke = (
  client: SupabaseClient,
  body: PlaceOrderInput,
): Promise<{ data: unknown; error: unknown }> => client.functions.invoke("checkout", { body });
