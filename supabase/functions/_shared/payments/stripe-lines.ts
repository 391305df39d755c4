import type { Stripe } from "stripe";
import type { PaymentAttempt } from "../contracts/index.ts";
import { toStripeAmount } from "./stripe-amounts.ts";

type Line = Stripe.Checkout.SessionCreateParams.LineItem;

/** Stripe's limit for one session. */
const mostLines = 100;

/**
 * What the hosted page lists. It always adds up to the attempt's amount: where the order's lines do
 * not (discounts, very many lines), the order is listed as one line.
 */
export const hostedLines = (attempt: PaymentAttempt): Line[] => {
  const items: [name: string, amount: number, quantity: number, image: string | null][] =
    attempt.items.map((item) =>
      item.unit_price * item.quantity === item.line_total
        ? [item.title, item.unit_price, item.quantity, item.image]
        : [`${item.title} × ${item.quantity}`, item.line_total, 1, item.image],
    );
  const tax = attempt.prices_include_tax ? 0 : attempt.tax;
  if (attempt.shipping > 0) items.push(["Shipping", attempt.shipping, 1, null]);
  if (tax > 0) items.push(["Tax", tax, 1, null]);

  const total = items.reduce((sum, [, amount, quantity]) => sum + amount * quantity, 0);
  const lines: typeof items =
    total === attempt.amount && items.length <= mostLines
      ? items
      : [[`Order ${attempt.order_number}`, attempt.amount, 1, null]];
  return lines.map(([name, amount, quantity, image]) => ({
    quantity,
    price_data: {
      currency: attempt.currency.toLowerCase(),
      unit_amount: toStripeAmount(amount, attempt.currency),
      product_data: {
        name: name.slice(0, 250) || attempt.order_number,
        ...(image && /^https?:\/\//.test(image) ? { images: [image] } : {}),
      },
    },
  }));
};
