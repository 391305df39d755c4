import { z } from "zod";
import type { PaymentEvent } from "../contracts/index.ts";
import {
  chargeEvent,
  declinedEvent,
  intentEvent,
  refundEvent,
  StripeCharge,
  StripeIntent,
  StripeRefund,
  StripeSession,
  sessionEvent,
} from "./stripe-objects.ts";

/** A verified event; what its object is depends on the type. */
export const StripeEvent = z.object({
  id: z.string().min(1),
  type: z.string().min(1),
  /** Seconds since 1970. */
  created: z.int(),
  data: z.object({ object: z.looseObject({}) }),
});
export type StripeEvent = z.infer<typeof StripeEvent>;

/**
 * A Stripe event in our words. Types we do not act on come out as `ignored`, so that the inbox holds
 * every event. Throws a `ZodError` when an object we act on has not the shape it must have.
 */
export const normaliseStripeEvent = (event: StripeEvent): PaymentEvent => ({
  ...meaning(event),
  occurred_at: new Date(event.created * 1000).toISOString(),
  raw: withoutSecrets(event.data.object),
});

const meaning = ({ type, data: { object } }: StripeEvent): PaymentEvent => {
  switch (type) {
    case "checkout.session.completed":
    case "checkout.session.expired":
    case "checkout.session.async_payment_succeeded":
      return sessionEvent(StripeSession.parse(object));
    case "checkout.session.async_payment_failed":
      return { ...sessionEvent(StripeSession.parse(object)), state: "failed" };
    case "payment_intent.succeeded":
    case "payment_intent.processing":
    case "payment_intent.requires_action":
    case "payment_intent.amount_capturable_updated":
    case "payment_intent.canceled":
      return intentEvent(StripeIntent.parse(object));
    case "payment_intent.payment_failed":
      return declinedEvent(StripeIntent.parse(object));
    case "charge.succeeded":
    case "charge.captured":
      return chargeEvent(StripeCharge.parse(object));
    case "refund.created":
    case "refund.updated":
    case "refund.failed":
    case "charge.refund.updated":
      return refundEvent(StripeRefund.parse(object));
    default:
      return { state: "ignored" };
  }
};

/** A client secret lets its holder pay; it has no place in the inbox. */
const withoutSecrets = (object: Record<string, unknown>): unknown => {
  const { client_secret: _secret, ...rest } = object;
  return rest;
};
