import { z } from "zod";
import { Address } from "./addresses.ts";
import { Currency, Instant, Money, Options, PaymentProvider, Uuid } from "./common.ts";

export const OrderStatus = z.enum([
  "pending",
  "confirmed",
  "processing",
  "shipped",
  "delivered",
  "cancelled",
  "returned",
]);
export type OrderStatus = z.infer<typeof OrderStatus>;

export const PaymentStatus = z.enum([
  "pending",
  "authorised",
  "paid",
  "failed",
  "partially_refunded",
  "refunded",
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;

/** One attempt at payment; open are the first four. */
export const PaymentState = z.enum([
  "created",
  "requires_action",
  "processing",
  "authorised",
  "captured",
  "failed",
  "cancelled",
  "partially_refunded",
  "refunded",
]);
export type PaymentState = z.infer<typeof PaymentState>;

export const OrderItem = z.object({
  id: Uuid,
  position: z.int(),
  variant_id: Uuid.nullable(),
  product_id: Uuid.nullable(),
  seller_id: Uuid.nullable(),
  sku: z.string(),
  title: z.string(),
  options: Options,
  image: z.string().nullable(),
  quantity: z.int(),
  unit_price: Money,
  base_unit_price: Money,
  discount: Money,
  /** Basis points: 2000 is 20 %. */
  tax_rate_bp: z.int(),
  tax: Money,
  line_total: Money,
});
export type OrderItem = z.infer<typeof OrderItem>;

export const Order = z.object({
  id: Uuid,
  number: z.string(),
  status: OrderStatus,
  payment_status: PaymentStatus,
  payment_provider: PaymentProvider,
  currency: Currency,
  subtotal: Money,
  discount: Money,
  shipping: Money,
  /** Part of `tax`. */
  shipping_tax: Money,
  tax: Money,
  total: Money,
  prices_include_tax: z.boolean(),
  item_count: z.int(),
  email: z.string(),
  is_guest: z.boolean(),
  shipping_address: Address,
  billing_address: Address,
  shipping_method: z.string(),
  shipping_method_name: z.string(),
  estimated_delivery_at: Instant.nullable(),
  tracking_number: z.string().nullable(),
  tracking_carrier: z.string().nullable(),
  cancel_reason: z.string().nullable(),
  note: z.string().nullable(),
  placed_at: Instant,
  /** When an unpaid order lets go of its goods. */
  expires_at: Instant.nullable(),
  paid_at: Instant.nullable(),
  version: z.int(),
  items: z.array(OrderItem),
});
export type Order = z.infer<typeof Order>;

/** Answer of `track_order`. */
export const TrackedOrder = z.object({
  order: Order.extend({ buyer_id: Uuid.nullable() }),
  items: z.array(OrderItem),
  /** Oldest first. */
  events: z.array(
    z.object({
      id: z.int(),
      kind: z.string(),
      from_status: z.string().nullable(),
      to_status: z.string().nullable(),
      message: z.string().nullable(),
      /** Buyers are given these only. */
      is_public: z.boolean(),
      created_at: Instant,
    }),
  ),
  payments: z.array(
    z.object({
      id: Uuid,
      provider: PaymentProvider,
      attempt: z.int(),
      amount: Money,
      currency: Currency,
      status: PaymentState,
      captured_amount: Money,
      refunded_amount: Money,
      failure_code: z.string().nullable(),
      failure_message: z.string().nullable(),
      card_brand: z.string().nullable(),
      card_last4: z.string().nullable(),
      created_at: Instant,
    }),
  ),
  refunds: z.array(
    z.object({
      id: Uuid,
      payment_id: Uuid,
      amount: Money,
      currency: Currency,
      reason: z.string().nullable(),
      state: z.enum(["pending", "succeeded", "failed"]),
      created_at: Instant,
    }),
  ),
});
export type TrackedOrder = z.infer<typeof TrackedOrder>;
