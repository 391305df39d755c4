import { z } from "zod";
import type { PaymentEvent, PaymentEventState, RefundState } from "../contracts/index.ts";
import { fromStripeAmount } from "./stripe-amounts.ts";

/** Our ids, which every object made by us carries. */
const Metadata = z
  .object({
    payment_id: z.guid().optional().catch(undefined),
    refund_id: z.guid().optional().catch(undefined),
  })
  .nullish();

/** An id, or the object itself where the request asked for it. */
const Reference = z
  .union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)])
  .nullish();

export const StripeIntent = z.object({
  id: z.string(),
  object: z.literal("payment_intent"),
  status: z.string(),
  amount: z.int(),
  amount_received: z.int().nullish(),
  currency: z.string(),
  client_secret: z.string().nullish(),
  metadata: Metadata,
  last_payment_error: z
    .object({
      code: z.string().nullish(),
      decline_code: z.string().nullish(),
      message: z.string().nullish(),
    })
    .nullish(),
});
export type StripeIntent = z.infer<typeof StripeIntent>;

export const StripeSession = z.object({
  id: z.string(),
  object: z.literal("checkout.session"),
  status: z.string().nullish(),
  payment_status: z.string(),
  payment_intent: Reference,
  amount_total: z.int().nullish(),
  currency: z.string().nullish(),
  url: z.string().nullish(),
  metadata: Metadata,
});
export type StripeSession = z.infer<typeof StripeSession>;

export const StripeCharge = z.object({
  id: z.string(),
  object: z.literal("charge"),
  payment_intent: Reference,
  paid: z.boolean(),
  captured: z.boolean(),
  amount_captured: z.int(),
  currency: z.string(),
  metadata: Metadata,
  payment_method_details: z
    .object({
      card: z.object({ brand: z.string().nullish(), last4: z.string().nullish() }).nullish(),
    })
    .nullish(),
});

export const StripeRefund = z.object({
  id: z.string(),
  object: z.literal("refund"),
  payment_intent: Reference,
  amount: z.int(),
  currency: z.string(),
  status: z.string().nullish(),
  failure_reason: z.string().nullish(),
  metadata: Metadata,
});
export type StripeRefund = z.infer<typeof StripeRefund>;

const money = (amount: number, currency: string) => ({
  amount: fromStripeAmount(amount, currency),
  currency: currency.toUpperCase(),
});

const ids = (
  metadata: z.infer<typeof Metadata>,
  paymentId: string | null | undefined,
  sessionId?: string,
) => ({
  ...(metadata?.payment_id ? { payment_id: metadata.payment_id } : {}),
  ...(paymentId ? { provider_payment_id: paymentId } : {}),
  ...(sessionId ? { provider_session_id: sessionId } : {}),
});

const intentStates: Record<string, PaymentEventState> = {
  requires_payment_method: "requires_action",
  requires_confirmation: "requires_action",
  requires_action: "requires_action",
  processing: "processing",
  requires_capture: "authorised",
  succeeded: "captured",
  canceled: "cancelled",
};

/** Where a PaymentIntent stands, whatever event brought it. */
export const intentEvent = (intent: StripeIntent): PaymentEvent => {
  const state = intentStates[intent.status] ?? "ignored";
  return {
    state,
    ...ids(intent.metadata, intent.id),
    ...(state === "captured"
      ? money(intent.amount_received ?? intent.amount, intent.currency)
      : {}),
  };
};

/** A declined card: the intent waits for another one, the attempt has failed. */
export const declinedEvent = (intent: StripeIntent): PaymentEvent => {
  const error = intent.last_payment_error;
  const code = error?.decline_code ?? error?.code;
  return {
    state: "failed",
    ...ids(intent.metadata, intent.id),
    ...(code ? { failure_code: code } : {}),
    ...(error?.message ? { failure_message: error.message } : {}),
  };
};

/** Where a Checkout Session stands. */
export const sessionEvent = (session: StripeSession): PaymentEvent => {
  const references = ids(session.metadata, session.payment_intent, session.id);
  if (session.status === "expired") return { state: "cancelled", ...references };
  if (session.payment_status === "paid" && session.amount_total && session.currency) {
    return { state: "captured", ...references, ...money(session.amount_total, session.currency) };
  }
  if (session.status === "complete") return { state: "processing", ...references };
  return { state: session.status === "open" ? "requires_action" : "ignored", ...references };
};

/** A charge that went through; the only event that tells the card. */
export const chargeEvent = (charge: z.infer<typeof StripeCharge>): PaymentEvent => {
  const card = charge.payment_method_details?.card;
  return {
    state: charge.paid && charge.captured ? "captured" : "ignored",
    ...ids(charge.metadata, charge.payment_intent),
    ...(charge.captured ? money(charge.amount_captured, charge.currency) : {}),
    ...(card
      ? {
          card: {
            ...(card.brand ? { brand: card.brand } : {}),
            ...(card.last4 ? { last4: card.last4 } : {}),
          },
        }
      : {}),
  };
};

export const refundState = (status: string | null | undefined): RefundState => {
  if (status === "succeeded") return "succeeded";
  return status === "failed" || status === "canceled" ? "failed" : "pending";
};

export const refundEvent = (refund: StripeRefund): PaymentEvent => ({
  state: "refunded",
  ...ids(refund.metadata, refund.payment_intent),
  provider_refund_id: refund.id,
  ...(refund.metadata?.refund_id ? { refund_id: refund.metadata.refund_id } : {}),
  refund_state: refundState(refund.status),
  ...money(refund.amount, refund.currency),
  ...(refund.failure_reason ? { failure_message: refund.failure_reason } : {}),
});
