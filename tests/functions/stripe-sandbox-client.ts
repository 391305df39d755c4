import { argv } from "node:process";
import Stripe from "stripe";

// Run by Deno against the sandbox on the port given: pays, is declined, and pays over an outage.

const host = "127.0.0.1";
const port = Number(argv[2]);
const stripe = new Stripe("sk_test_sandbox", {
  host,
  port,
  protocol: "http",
  maxNetworkRetries: 2,
});
const payment = { amount: 2500, currency: "usd", confirm: true, payment_method: "pm_card_visa" };

const first = await stripe.paymentIntents.create(payment);
const error = await stripe.paymentIntents
  .create({ ...payment, payment_method: "pm_card_chargeDeclined" })
  .then(() => undefined)
  .catch((reason: unknown) => reason);
await fetch(`http://${host}:${port}/_sandbox/faults`, {
  method: "POST",
  body: JSON.stringify({ outage: "unavailable", count: 1 }),
});
await stripe.paymentIntents.create(payment);
const charges = await stripe.charges.list();
console.log(
  JSON.stringify({
    status: first.status,
    error: error instanceof Stripe.errors.StripeError ? { type: error.type, code: error.code } : {},
    charges: charges.data.map(({ paid }) => paid),
  }),
);
