import type { SupabaseClient } from "@supabase/supabase-js";
import type { Cart } from "../../../types/index.ts";
import { dataOf } from "../../shared/failure.ts";
import type { Guest } from "./guest.ts";

/** Every change answers the whole cart, so on the way to the checkout it is seldom read, in ms. */
const freshFor = 60_000;

type Listener = (cart: Cart) => void;

/** The visitor's cart as the shop last answered it; every tab of the browser shows the same. */
export const createCart = (client: SupabaseClient, guest: Guest, currency: string) => {
  const listeners = new Set<Listener>();
  const tabs = new BroadcastChannel("supamarket.cart");
  let current: Cart | undefined;
  let freshUntil = 0;

  const keep = (cart: Cart): Cart => {
    current = cart;
    freshUntil = performance.now() + freshFor;
    for (const listener of listeners) listener(cart);
    return cart;
  };

  const call = async (command: string, args: Record<string, unknown>): Promise<Cart> => {
    const cart: Cart = await guest.act(() => dataOf(client.rpc(command, args)));
    tabs.postMessage(cart);
    return keep(cart);
  };

  tabs.onmessage = (event: MessageEvent<Cart>) => keep(event.data);

  const reload = async (): Promise<Cart> => {
    if (!(await guest.userId())) return keep(emptyCart(currency));
    return keep(await dataOf(client.rpc("get_cart")));
  };

  return {
    /** The cart as last answered; read anew when that is too long ago for stock and prices. */
    get: async (): Promise<Cart> =>
      current && performance.now() < freshUntil ? current : await reload(),
    /** To be called when the shop has refused the cart: what it warns of has changed. */
    outdated: () => {
      freshUntil = 0;
    },
    reload,
    add: (variantId: string, quantity: number) =>
      call("add_to_cart", { variant_id: variantId, quantity }),
    setQuantity: (variantId: string, quantity: number) =>
      call("set_cart_item", { variant_id: variantId, quantity }),
    reorder: async (orderId: string): Promise<{ skipped: string[] }> => {
      const answer: { cart: Cart; skipped: { title: string }[] } = await dataOf(
        client.rpc("reorder", { order_id: orderId }),
      );
      tabs.postMessage(answer.cart);
      keep(answer.cart);
      return { skipped: answer.skipped.map(({ title }) => title) };
    },
    /** To be called when an order has emptied it. */
    emptied: () => {
      const cart = emptyCart(currency);
      tabs.postMessage(cart);
      keep(cart);
    },
    watch: (listener: Listener): (() => void) => {
      listeners.add(listener);
      if (current) listener(current);
      return () => listeners.delete(listener);
    },
  };
};

export type CartStore = ReturnType<typeof createCart>;

const emptyCart = (currency: string): Cart => ({
  id: null,
  currency,
  items: [],
  item_count: 0,
  subtotal: 0,
  discount: 0,
  total: 0,
  savings: 0,
  version: 0,
});
