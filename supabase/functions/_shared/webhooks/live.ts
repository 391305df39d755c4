import Stripe from "stripe";
import { connect } from "../database.ts";
import { type EnvironmentSource, stripeEnvironment, supabaseEnvironment } from "../env.ts";
import { paymentCommands } from "../payments/payment-commands.ts";
import { stripeClient } from "../payments/stripe-client.ts";
import { Problem } from "../problems.ts";
import type { StripeWebhookPorts } from "./stripe-webhook.ts";

/** Checks signatures with the SDK, over Web Crypto, which every runtime has. */
export const verifyWith =
  (stripe: Stripe, secret: string): StripeWebhookPorts["verify"] =>
  async (payload, signature) => {
    try {
      return await stripe.webhooks.constructEventAsync(
        payload,
        signature,
        secret,
        undefined,
        Stripe.createSubtleCryptoProvider(),
      );
    } catch (cause) {
      throw new Problem("invalid_signature", {}, { cause });
    }
  };

export const live = (source: EnvironmentSource): StripeWebhookPorts => {
  const environment = stripeEnvironment(source);
  const { applyEvent } = paymentCommands(connect(supabaseEnvironment(source)).service);
  return { verify: verifyWith(stripeClient(environment), environment.webhookSecret), applyEvent };
};
