import type { SupabaseClient } from "@supabase/supabase-js";
import type {
  AddressInput,
  CheckoutAnswer,
  Order,
  Quote,
  TrackedOrder,
} from "../../../types/index.ts";
import { dataOf } from "../../shared/failure.ts";

export interface OrderSummary
  extends Pick<
    Order,
    | "id"
    | "number"
    | "status"
    | "payment_status"
    | "currency"
    | "total"
    | "item_count"
    | "placed_at"
  > {
  order_items: { title: string; image: string | null; position: number }[];
}

export interface CheckoutForm {
  email: string;
  shipping_address: AddressInput;
  shipping_method: string | null;
  payment: { provider: "stripe" | "cod" };
  note: string | null;
}

/** Where the hosted payment page sends the shopper; the shop fills in the order. */
const returnUrls = () => {
  const order = `${location.origin}${import.meta.env.BASE_URL}orders/{ORDER_ID}`;
  return { success_url: `${order}?paid=1`, cancel_url: `${order}?cancelled=1` };
};

export const createOrders = (client: SupabaseClient) => {
  let lastForm = "";
  let key = "";

  // The same form sent again, after a lost answer or a double click, is the same order.
  const idempotencyKey = (form: CheckoutForm): string => {
    const text = JSON.stringify(form);
    if (text !== lastForm) {
      lastForm = text;
      key = crypto.randomUUID();
    }
    return key;
  };

  return {
    /** What the cart would cost; the address may still be unknown. */
    quote: (form: Partial<CheckoutForm>): Promise<Quote> =>
      dataOf(client.rpc("quote_checkout", { input: form })),

    /** Places the order and starts its payment: one request, one transaction in the shop. */
    place: async (form: CheckoutForm): Promise<CheckoutAnswer> => {
      const body = { ...form, idempotency_key: idempotencyKey(form), ...returnUrls() };
      const answer = await dataOf(client.functions.invoke<CheckoutAnswer>("checkout", { body }));
      lastForm = "";
      return answer;
    },

    /** Starts the payment of an order that waits for one. */
    pay: (orderId: string): Promise<CheckoutAnswer> =>
      dataOf(
        client.functions.invoke<CheckoutAnswer>("checkout", {
          body: { order_id: orderId, ...returnUrls() },
        }),
      ),

    track: (orderId: string): Promise<TrackedOrder> =>
      dataOf(client.rpc("track_order", { order_id: orderId })),

    cancel: (orderId: string, reason: string): Promise<unknown> =>
      dataOf(client.rpc("cancel_order", { order_id: orderId, reason })),

    /** The visitor's own latest orders. Named by buyer, because staff may read everybody's. */
    mine: (userId: string): Promise<OrderSummary[]> =>
      dataOf(
        client
          .from("orders")
          .select(
            "id,number,status,payment_status,currency,total,item_count,placed_at," +
              "order_items(title,image,position)",
          )
          .eq("buyer_id", userId)
          .order("placed_at", { ascending: false })
          .limit(50)
          .overrideTypes<OrderSummary[], { merge: false }>(),
      ),
  };
};

export type Orders = ReturnType<typeof createOrders>;
