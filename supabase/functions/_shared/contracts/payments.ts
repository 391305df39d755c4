import { z } from "zod";
import { Currency, Instant, Money, PaymentProvider, Uuid } from "./common.ts";
import { PaymentState } from "./orders.ts";

/** How a provider names a payment. */
export const PaymentReference = z.object({
  provider_payment_id: z.string().nullable(),
  provider_session_id: z.string().nullable(),
});
export type PaymentReference = z.infer<typeof PaymentReference>;

/** Answer of `start_payment_attempt`: what to ask the provider for. */
export const PaymentAttempt = PaymentReference.extend({
  payment_id: Uuid,
  attempt: z.int(),
  created_at: Instant,
  status: PaymentState,
  provider: PaymentProvider,
  amount: Money,
  currency: Currency,
  order_id: Uuid,
  order_number: z.string(),
  email: z.string(),
  expires_at: Instant.nullable(),
  subtotal: Money,
  discount: Money,
  shipping: Money,
  tax: Money,
  prices_include_tax: z.boolean(),
  items: z.array(
    z.object({
      sku: z.string(),
      title: z.string(),
      image: z.string().nullable(),
      quantity: z.int(),
      unit_price: Money,
      line_total: Money,
    }),
  ),
  /** Earlier attempts that the provider may still take money for. */
  superseded: z.array(PaymentReference.extend({ payment_id: Uuid })),
});
export type PaymentAttempt = z.infer<typeof PaymentAttempt>;

/** Answer of `record_payment_started`. */
export const PaymentStarted = z.object({
  payment_id: Uuid,
  order_id: Uuid,
  status: PaymentState,
  /** False: the order was cancelled, has expired or was paid meanwhile. */
  payable: z.boolean(),
});
export type PaymentStarted = z.infer<typeof PaymentStarted>;

/** Where a payment stands at its provider; `requires_action` waits for the shopper. */
export type PaymentEventState =
  | "requires_action"
  | "processing"
  | "authorised"
  | "captured"
  | "failed"
  | "cancelled"
  | "refunded"
  | "ignored";

export type RefundState = "pending" | "succeeded" | "failed";

/** A provider's event in our words: the `event` of `apply_payment_event`. */
export interface PaymentEvent {
  state: PaymentEventState;
  payment_id?: string;
  provider_payment_id?: string;
  provider_session_id?: string;
  provider_refund_id?: string;
  refund_id?: string;
  refund_state?: RefundState;
  /** Minor units: what was captured, or of this refund. */
  amount?: number;
  currency?: string;
  failure_code?: string;
  failure_message?: string;
  card?: { brand?: string; last4?: string };
  /** When it happened by the provider's clock, ISO 8601 in UTC: events are delivered in any order. */
  occurred_at?: string;
  /** The provider's object, kept in the inbox. */
  raw?: unknown;
}

/** Answer of `apply_payment_event`. */
export const AppliedEvent = z.object({
  outcome: z.enum([
    "applied",
    "duplicate",
    "ignored",
    "unknown_payment",
    "deferred",
    "amount_mismatch",
    "surplus",
  ]),
  order_id: Uuid.nullable(),
  payment_id: Uuid.nullable(),
});
export type AppliedEvent = z.infer<typeof AppliedEvent>;

/** Answer of `payment_details`. */
export const PaymentDetails = PaymentReference.extend({
  payment_id: Uuid,
  order_id: Uuid,
  attempt: z.int(),
  provider: PaymentProvider,
  status: PaymentState,
  amount: Money,
  currency: Currency,
  /** The order is unpaid and its time is over. */
  is_overdue: z.boolean(),
  asked_at: Instant,
});
export type PaymentDetails = z.infer<typeof PaymentDetails>;

/** Answer of `refund_details`. */
export const RefundDetails = PaymentReference.extend({
  refund_id: Uuid,
  payment_id: Uuid,
  order_id: Uuid,
  provider: PaymentProvider,
  provider_refund_id: z.string().nullable(),
  amount: Money,
  currency: Currency,
  state: z.enum(["pending", "succeeded", "failed"]),
  reason: z.string().nullable(),
});
export type RefundDetails = z.infer<typeof RefundDetails>;

/** Body of `POST payments/refund`. */
export const RefundInput = z.strictObject({
  order_id: Uuid,
  /** Minor units; absent: all that is left. */
  amount: z.int().min(1).nullish(),
  reason: z.string().max(500).nullish(),
  idempotency_key: z.string().min(8).max(200).nullish(),
});
export type RefundInput = z.infer<typeof RefundInput>;

/** A row of `refunds`. */
export const Refund = z.object({
  id: Uuid,
  payment_id: Uuid,
  order_id: Uuid,
  amount: Money,
  currency: Currency,
  reason: z.string().nullable(),
  state: z.enum(["pending", "succeeded", "failed"]),
  provider_refund_id: z.string().nullable(),
  failure_message: z.string().nullable(),
  /** Null when the shop itself or the provider started it. */
  requested_by: Uuid.nullable(),
  created_at: Instant,
  updated_at: Instant,
});
export type Refund = z.infer<typeof Refund>;

/** Answer of `POST payments/refund`; the provider settles it soon after. */
export const RefundAnswer = z.object({ refund: Refund });
export type RefundAnswer = z.infer<typeof RefundAnswer>;
