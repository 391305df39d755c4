import type { Stripe } from "stripe";

/** Where the shopper goes after paying, with the session's id filled in. */
export const successUrl = ({ id, success_url: url }: Stripe.Checkout.Session): string =>
  (url ?? "").replaceAll("{CHECKOUT_SESSION_ID}", id);
