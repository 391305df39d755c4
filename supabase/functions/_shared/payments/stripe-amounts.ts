/**
 * Currencies that ISO 4217 counts without decimals while Stripe counts hundredths.
 * https://docs.stripe.com/currencies#special-cases
 */
const inHundredths = new Set(["ISK", "UGX"]);

/** Our minor units as Stripe counts them. */
export const toStripeAmount = (amount: number, currency: string): number =>
  inHundredths.has(currency.toUpperCase()) ? amount * 100 : amount;

/** Stripe's amount in our minor units. */
export const fromStripeAmount = (amount: number, currency: string): number =>
  inHundredths.has(currency.toUpperCase()) ? Math.round(amount / 100) : amount;
