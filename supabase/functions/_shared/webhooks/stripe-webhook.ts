import { z } from "zod";
import type { AppliedEvent, PaymentEvent } from "../contracts/index.ts";
import { endpoint } from "../http.ts";
import { normaliseStripeEvent, StripeEvent } from "../payments/stripe-events.ts";
import { Problem } from "../problems.ts";

export interface StripeWebhookPorts {
  /** The event, if `signature` is Stripe's for exactly this text; throws `invalid_signature`. */
  verify(payload: string, signature: string): Promise<unknown>;
  /** The one call that records the event and applies it, once. */
  applyEvent(eventId: string, type: string, event: PaymentEvent): Promise<AppliedEvent>;
}

/**
 * `POST webhooks/stripe`. 200 for every event that is now in the inbox, known or not, new or not;
 * 400 for a bad signature; 500 when we failed, so that Stripe sends it again.
 */
export const createStripeWebhook = (ports: StripeWebhookPorts) =>
  endpoint(
    { method: "POST", body: z.string(), format: "text", limit: 1024 * 1024 },
    async (payload, { headers }) => {
      const signature = headers.get("stripe-signature");
      if (!signature) throw new Problem("invalid_signature");
      const verified = await ports.verify(payload, signature);
      const { outcome } = await taken(ports, verified);
      return { received: true, outcome };
    },
  );

const taken = async (ports: StripeWebhookPorts, verified: unknown): Promise<AppliedEvent> => {
  try {
    const event = StripeEvent.parse(verified);
    return await ports.applyEvent(event.id, event.type, normaliseStripeEvent(event));
  } catch (cause) {
    // Whatever it was, a genuine event was not taken: that is for us to mend, never Stripe's fault.
    throw new Problem("internal", {}, { cause });
  }
};
