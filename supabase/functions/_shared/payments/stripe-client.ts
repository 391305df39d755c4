import Stripe from "stripe";
import type { StripeEnvironment } from "../env.ts";

/**
 * Stripe's own SDK, over fetch so that it is the same on every runtime. The sandbox differs from
 * Stripe in nothing but its address.
 */
export const stripeClient = ({ secretKey, apiUrl }: StripeEnvironment): Stripe =>
  new Stripe(secretKey, {
    httpClient: Stripe.createFetchHttpClient(),
    maxNetworkRetries: 2,
    timeout: 8_000,
    telemetry: false,
    appInfo: { name: "supamarket" },
    ...(apiUrl
      ? {
          host: apiUrl.hostname,
          port: apiUrl.port || (apiUrl.protocol === "https:" ? 443 : 80),
          protocol: apiUrl.protocol === "https:" ? "https" : "http",
        }
      : {}),
  });
