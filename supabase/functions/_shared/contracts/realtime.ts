import { z } from "zod";
import { Currency, Instant, Money, Uuid } from "./common.ts";
import { OrderStatus, PaymentStatus } from "./orders.ts";

/** What every message of the database carries besides its own: its id, new for each. */
const Message = z.object({ id: Uuid });

/**
 * Payload of `order.created`, `order.status` and `payment.status`. Events are hints: a client that
 * sees a version it has not, or missed one, reads the order again.
 */
export const OrderEventPayload = Message.extend({
  order_id: Uuid,
  number: z.string(),
  status: OrderStatus,
  payment_status: PaymentStatus,
  total: Money,
  currency: Currency,
  item_count: z.int(),
  version: z.int(),
  created_at: Instant,
});
export type OrderEventPayload = z.infer<typeof OrderEventPayload>;

/** Payload of `stock.changed`. */
export const StockChangedPayload = Message.extend({
  variant_id: Uuid,
  product_id: Uuid,
  available: z.int(),
  in_stock: z.boolean(),
  version: z.int(),
});
export type StockChangedPayload = z.infer<typeof StockChangedPayload>;

/** Payload of `price.changed`. */
export const PriceChangedPayload = Message.extend({
  product_id: Uuid,
  currency: Currency,
  price: Money,
  price_max: Money,
  base_price: Money,
  is_on_sale: z.boolean(),
  version: z.int(),
});
export type PriceChangedPayload = z.infer<typeof PriceChangedPayload>;
