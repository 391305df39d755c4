import { z } from "zod";
import { Currency, Instant, Money, Uuid } from "./common.ts";
import { OrderStatus, PaymentStatus } from "./orders.ts";

/**
 * Payload of `order.created`, `order.status` and `payment.status`. Events are hints: a client that
 * sees a version it has not, or missed one, reads the order again.
 */
export const OrderEventPayload = z.object({
  order_id: Uuid,
  number: z.string(),
  status: OrderStatus,
  payment_status: PaymentStatus,
  total: Money.optional(),
  currency: Currency.optional(),
  item_count: z.int().optional(),
  version: z.int(),
  created_at: Instant.optional(),
});
export type OrderEventPayload = z.infer<typeof OrderEventPayload>;

/** Payload of `stock.changed`. */
export const StockChangedPayload = z.object({
  variant_id: Uuid,
  product_id: Uuid,
  available: z.int(),
  in_stock: z.boolean(),
  version: z.int(),
});
export type StockChangedPayload = z.infer<typeof StockChangedPayload>;

/** Payload of `price.changed`. */
export const PriceChangedPayload = z.object({
  product_id: Uuid,
  currency: Currency,
  price: Money.nullable(),
  price_max: Money.nullish(),
  base_price: Money.nullish(),
  is_on_sale: z.boolean(),
  version: z.int(),
});
export type PriceChangedPayload = z.infer<typeof PriceChangedPayload>;
