import { z } from "zod";
import {
  amount,
  currency,
  emailAddress,
  flag,
  ignored,
  integer,
  list,
  metadata,
  quantity,
  shipping,
  text,
  webAddress,
} from "./fields.ts";

const Line = z.strictObject({
  price_data: z.strictObject({
    currency,
    unit_amount: amount(0),
    product_data: z.strictObject({
      name: text(),
      description: text().optional(),
      images: list(webAddress).optional(),
      metadata: metadata.optional(),
      tax_code: ignored,
    }),
    tax_behavior: z.enum(["inclusive", "exclusive", "unspecified"]).optional(),
  }),
  quantity: quantity.default(1),
  metadata: metadata.optional(),
});

const ShippingOption = z.strictObject({
  shipping_rate_data: z.strictObject({
    display_name: text(100),
    type: z.literal("fixed_amount").optional(),
    fixed_amount: z.strictObject({ amount: amount(0), currency }),
    delivery_estimate: ignored,
    metadata: metadata.optional(),
    tax_behavior: ignored,
    tax_code: ignored,
  }),
});

/** What creating a Checkout Session takes here: one-time payments of lines priced by the caller. */
export const CreateSession = z.strictObject({
  mode: z.literal("payment", { error: "|The sandbox only takes payments (mode=payment); got" }),
  line_items: list(Line).refine((lines) => lines.length >= 1 && lines.length <= 100, {
    error: "parameter_invalid_empty|A session has 1 to 100 line items.",
  }),
  currency: currency.optional(),
  success_url: webAddress,
  cancel_url: webAddress.optional(),
  client_reference_id: text(200).optional(),
  customer: text().optional(),
  customer_email: emailAddress.optional(),
  customer_creation: z.enum(["always", "if_required"]).optional(),
  discounts: list(z.strictObject({ coupon: text() })).optional(),
  expires_at: integer.optional(),
  metadata: metadata.optional(),
  payment_intent_data: z
    .strictObject({
      capture_method: z.enum(["automatic", "automatic_async"]).optional(),
      description: text(1000).optional(),
      metadata: metadata.optional(),
      receipt_email: emailAddress.optional(),
      setup_future_usage: z.enum(["on_session", "off_session"]).optional(),
      shipping: shipping.optional(),
      statement_descriptor: text(22).optional(),
      statement_descriptor_suffix: text(22).optional(),
      transfer_group: text().optional(),
    })
    .optional(),
  allowed_payment_method_types: list(text()).optional(),
  shipping_options: list(ShippingOption).optional(),
  submit_type: z.enum(["auto", "book", "donate", "pay"]).optional(),
  ui_mode: z.enum(["hosted_page", "hosted"]).optional(),
  locale: text(10).optional(),
  branding_settings: z.looseObject({ display_name: text().optional() }).optional(),
  // The page never collects more than an e-mail address and a card.
  adaptive_pricing: ignored,
  allow_promotion_codes: flag.optional(),
  automatic_tax: z
    .strictObject({
      enabled: z.literal("false", { error: "|The sandbox computes no tax; got" }),
    })
    .optional(),
  billing_address_collection: z.enum(["auto", "required"]).optional(),
  consent_collection: ignored,
  custom_text: ignored,
  invoice_creation: ignored,
  origin_context: ignored,
  payment_method_options: ignored,
  phone_number_collection: ignored,
  saved_payment_method_options: ignored,
});
export type CreateSession = z.infer<typeof CreateSession>;
