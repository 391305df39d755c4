import { routes } from "../_shared/http.ts";
import { live } from "../_shared/webhooks/live.ts";
import { createStripeWebhook } from "../_shared/webhooks/stripe-webhook.ts";

Deno.serve(routes("webhooks", { stripe: createStripeWebhook(live(Deno.env.toObject())) }));
