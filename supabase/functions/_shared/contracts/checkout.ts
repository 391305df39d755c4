import { z } from "zod";
import { AddressInput } from "./addresses.ts";
import { Currency, Instant, Money, Options, PaymentProvider, Uuid } from "./common.ts";
import { Order, PaymentState } from "./orders.ts";

/** Prices never come from clients: a line is what and how many. */
const Line = z.strictObject({ variant_id: Uuid, quantity: z.int().min(1).max(99_999) });

/** Input of `place_order`. */
export const PlaceOrderInput = z.strictObject({
  /** New for every order; the same key and body give the same answer. */
  idempotency_key: z.string().min(8).max(200),
  /** Absent: the caller's cart, which is emptied. */
  items: z.array(Line).min(1).max(1000).nullish(),
  /** Required of guests. */
  email: z.string().max(254).nullish(),
  shipping_address_id: Uuid.nullish(),
  shipping_address: AddressInput.nullish(),
  /** Neither this nor the next: the shipping address. */
  billing_address_id: Uuid.nullish(),
  billing_address: AddressInput.nullish(),
  /** Code of a method that `quote_checkout` lists; default the first. */
  shipping_method: z.string().max(100).nullish(),
  payment: z.strictObject({ provider: PaymentProvider }),
  coupons: z.array(z.string()).nullish(),
  gift_cards: z.array(z.string()).nullish(),
  points: z.int().min(0).nullish(),
  note: z.string().max(1000).nullish(),
});
export type PlaceOrderInput = z.infer<typeof PlaceOrderInput>;

/** Input of `quote_checkout`: what is known so far. */
export const QuoteCheckoutInput = PlaceOrderInput.partial();
export type QuoteCheckoutInput = z.infer<typeof QuoteCheckoutInput>;

/** A line that cannot be had in full; part of `out_of_stock`. */
export const ShortLine = z.object({
  variant_id: Uuid,
  sku: z.string(),
  title: z.string(),
  requested: z.int(),
  available: z.int(),
});
export type ShortLine = z.infer<typeof ShortLine>;

/** Answer of `quote_checkout`. */
export const Quote = z.object({
  currency: Currency,
  prices_include_tax: z.boolean(),
  items: z.array(
    z.object({
      position: z.int(),
      variant_id: Uuid,
      product_id: Uuid,
      seller_id: Uuid.nullable(),
      sku: z.string(),
      title: z.string(),
      options: Options,
      image: z.string().nullable(),
      slug: z.string(),
      quantity: z.int(),
      /** 0 where the variant has no price and cannot be bought. */
      unit_price: Money,
      base_unit_price: Money,
      discount: Money,
      tax_rate_bp: z.int(),
      tax: Money,
      line_total: Money,
      available: z.int(),
    }),
  ),
  item_count: z.int(),
  subtotal: Money,
  discount: Money,
  shipping: Money,
  tax: Money,
  total: Money,
  country: z.string(),
  shipping_method: z.string().nullable(),
  shipping_methods: z.array(
    z.object({
      code: z.string(),
      name: z.string(),
      price: Money,
      min_days: z.int(),
      max_days: z.int(),
    }),
  ),
  estimated_delivery: Instant.nullable(),
  /** What would stop `place_order` now. */
  problems: z.array(
    z.object({
      code: z.enum(["cart_empty", "out_of_stock", "product_unavailable", "shipping_unavailable"]),
      message: z.string(),
      lines: z.array(ShortLine).optional(),
    }),
  ),
});
export type Quote = z.infer<typeof Quote>;

const Payment = z.object({
  id: Uuid,
  provider: PaymentProvider,
  status: PaymentState,
  amount: Money,
  currency: Currency,
});

/** Answer of `place_order`. */
export const Placed = z.object({ order: Order, payment: Payment });
export type Placed = z.infer<typeof Placed>;

/**
 * How the shopper pays: `hosted` sends them to the provider's page, `intent` gives an app a client
 * secret for the provider's own fields.
 */
export const PaymentMode = z.enum(["hosted", "intent"]);
export type PaymentMode = z.infer<typeof PaymentMode>;

const PaymentOptions = {
  mode: PaymentMode.default("hosted"),
  /**
   * Where the hosted page sends the shopper afterwards. `{ORDER_ID}` and `{ORDER_NUMBER}` are filled
   * in. Absent: the site's front page with `?checkout=success&order=…` or `?checkout=cancelled&order=…`.
   */
  success_url: z.string().max(2000).optional(),
  cancel_url: z.string().max(2000).optional(),
};

/** Body of `POST checkout` that places an order. */
export const PlaceAndPayInput = PlaceOrderInput.extend(PaymentOptions);
export type PlaceAndPayInput = z.infer<typeof PlaceAndPayInput>;

/** Body of `POST checkout` that pays an order that exists and is still unpaid. */
export const PayOrderInput = z.strictObject({ order_id: Uuid, ...PaymentOptions });
export type PayOrderInput = z.infer<typeof PayOrderInput>;

/** Body of `POST checkout`: one with `order_id` pays, any other places first. */
export const CheckoutInput = z
  .looseObject({})
  .transform((body, context): PlaceAndPayInput | PayOrderInput => {
    const schema = "order_id" in body ? PayOrderInput : PlaceAndPayInput;
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      // An unknown field is reported at its own path, so that the answer names it.
      const keys = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [key]) : [[]];
      for (const key of keys) {
        context.addIssue({
          code: "custom",
          path: [...issue.path, ...key],
          message: key.length > 0 ? "There is no such field." : issue.message,
        });
      }
    }
    return z.NEVER;
  });
export type CheckoutInput = z.input<typeof PlaceAndPayInput> | z.input<typeof PayOrderInput>;

/** Answer of `POST checkout`. */
export const CheckoutAnswer = z.object({
  order: Order,
  payment: Payment.extend({
    /** The provider's page; mode `hosted`. */
    redirect_url: z.string().optional(),
    /** For the provider's own fields; mode `intent`. */
    client_secret: z.string().optional(),
  }),
});
export type CheckoutAnswer = z.infer<typeof CheckoutAnswer>;
