import type { Stripe } from "stripe";
import { z } from "zod";
import { idOf } from "./charges.ts";
import { discountOf, findCoupon } from "./coupons.ts";
import { findCustomer } from "./customers.ts";
import { type ApiError, invalidRequest, missing, refused } from "./errors.ts";
import { mergeMetadata, metadata, parse, text } from "./fields.ts";
import { newId } from "./ids.ts";
import { findIntent, makeIntent } from "./intents.ts";
import { listFields, listPage } from "./lists.ts";
import { allocate, checkMinimum } from "./money.ts";
import type { Call, Operation } from "./operation.ts";
import { attemptPayment, cancelPayment, isCancelable } from "./payment.ts";
import { completeSession } from "./session-completion.ts";
import { CreateSession } from "./session-params.ts";
import type { IntentRecord, PaymentMethodRecord, SessionRecord, WireLine } from "./store.ts";
import type { World } from "./world.ts";

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Throws 404. */
export const findSession = (world: World, id: string): SessionRecord => {
  const record = world.store.sessions.get(id);
  if (!record) throw missing("checkout.session", id, "session");
  return record;
};

/** Ends an open session unpaid; its payment, if one was begun, is canceled with it. */
export const expireSession = (world: World, record: SessionRecord): void => {
  const { object } = record;
  if (object.status !== "open") {
    throw refused(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${object.status}.`,
    );
  }
  object.status = "expired";
  object.url = null;
  world.schedule.cancel(record.id);
  world.store.sessions.put(record);
  const intent = world.store.intents.get(idOf(object.payment_intent) ?? "");
  if (intent && isCancelable(intent)) cancelPayment(world, intent, "expired");
  world.emit("checkout.session.expired", object);
};

/** Sets the deadline of an open session; also after a restart. */
export const scheduleExpiry = (world: World, record: SessionRecord): void => {
  if (record.object.status !== "open") return;
  world.schedule.at(record.id, record.object.expires_at, () => expireSession(world, record));
};

const wireLine = (
  world: World,
  line: CreateSession["line_items"][number],
  discount: number,
): WireLine => {
  const { currency, unit_amount, product_data } = line.price_data;
  const subtotal = unit_amount * line.quantity;
  return {
    id: newId.lineItem(),
    object: "item",
    adjustable_quantity: null,
    amount_discount: discount,
    amount_subtotal: subtotal,
    amount_tax: 0,
    amount_total: subtotal - discount,
    currency,
    description: product_data.name,
    metadata: mergeMetadata({}, line.metadata),
    price: {
      id: newId.price(),
      object: "price",
      active: false,
      billing_scheme: "per_unit",
      created: world.now(),
      currency,
      custom_unit_amount: null,
      livemode: false,
      lookup_key: null,
      metadata: {},
      nickname: null,
      product: newId.product(),
      recurring: null,
      tax_behavior: line.price_data.tax_behavior ?? "unspecified",
      tiers_mode: null,
      transform_quantity: null,
      type: "one_time",
      unit_amount,
      unit_amount_decimal: String(unit_amount),
    },
    quantity: line.quantity,
  };
};

const currencyOf = (sent: CreateSession): string => {
  const currencies = new Set([
    ...sent.line_items.map((line) => line.price_data.currency),
    ...(sent.shipping_options ?? []).map(
      (option) => option.shipping_rate_data.fixed_amount.currency,
    ),
    ...(sent.currency === undefined ? [] : [sent.currency]),
  ]);
  const [only, ...others] = currencies;
  if (only === undefined || others.length > 0) {
    throw invalidRequest("All line items must have the same currency.", "line_items");
  }
  return only;
};

const expiryOf = (world: World, sent: CreateSession): number => {
  const now = world.now();
  const at = sent.expires_at ?? now + DAY;
  // A minute of grace, as the caller computed it a moment ago.
  if (at < now + 29 * MINUTE) {
    throw invalidRequest(
      "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
      "expires_at",
    );
  }
  if (at > now + DAY + MINUTE) {
    throw invalidRequest(
      "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
      "expires_at",
    );
  }
  return at;
};

interface Amounts {
  currency: string;
  lines: WireLine[];
  subtotal: number;
  discount: number;
  shipping: number;
  total: number;
}

const amountsOf = (world: World, sent: CreateSession): Amounts => {
  const currency = currencyOf(sent);
  const sums = sent.line_items.map((line) => line.price_data.unit_amount * line.quantity);
  const subtotal = sums.reduce((a, b) => a + b, 0);
  const [discounted, ...more] = sent.discounts ?? [];
  if (more.length > 0) throw invalidRequest("At most one discount.", "discounts");
  const discount = discounted
    ? discountOf(
        findCoupon(world, discounted.coupon, "discounts[0][coupon]", 400),
        subtotal,
        currency,
      )
    : 0;
  const shares = allocate(discount, sums);
  const shipping = sent.shipping_options?.[0]?.shipping_rate_data.fixed_amount.amount ?? 0;
  const total = subtotal - discount + shipping;
  if (total > 0) checkMinimum(total, currency, "line_items");
  const lines = sent.line_items.map((line, index) => wireLine(world, line, shares[index] ?? 0));
  return { currency, lines, subtotal, discount, shipping, total };
};

const shippingCost = (amount: number): Stripe.Checkout.Session["shipping_cost"] => ({
  amount_subtotal: amount,
  amount_tax: 0,
  amount_total: amount,
  shipping_rate: null,
});

const newSession = (
  world: World,
  sent: CreateSession,
  amounts: Amounts,
): Stripe.Checkout.Session => {
  const id = newId.session();
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: sent.allow_promotion_codes ?? null,
    allowed_payment_method_types: sent.allowed_payment_method_types ?? null,
    amount_subtotal: amounts.subtotal,
    amount_total: amounts.total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: sent.billing_address_collection ?? null,
    cancel_url: sent.cancel_url ?? null,
    client_reference_id: sent.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: world.now(),
    currency: amounts.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: sent.customer ?? null,
    customer_account: null,
    customer_creation: sent.customer_creation ?? "if_required",
    customer_details: null,
    customer_email: sent.customer_email ?? null,
    discounts: (sent.discounts ?? []).map(({ coupon }) => ({ coupon, promotion_code: null })),
    expires_at: expiryOf(world, sent),
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: sent.locale ?? null,
    managed_payments: null,
    metadata: mergeMetadata({}, sent.metadata),
    mode: "payment",
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: "if_required",
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: "automatic" } },
    payment_method_types: sent.allowed_payment_method_types ?? ["card"],
    payment_status: "unpaid",
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: sent.shipping_options ? shippingCost(amounts.shipping) : null,
    shipping_options: [],
    status: "open",
    submit_type: sent.submit_type ?? null,
    subscription: null,
    success_url: sent.success_url,
    total_details: {
      amount_discount: amounts.discount,
      amount_shipping: amounts.shipping,
      amount_tax: 0,
    },
    ui_mode: "hosted_page",
    url: `${world.publicUrl}/c/pay/${id}`,
    wallet_options: null,
  };
};

const create = ({ form, world }: Call): object => {
  const sent = parse(CreateSession, form);
  if (sent.customer !== undefined) findCustomer(world, sent.customer, "customer", 400);
  const amounts = amountsOf(world, sent);
  const object = newSession(world, sent, amounts);
  const intent = sent.payment_intent_data;
  const record: SessionRecord = {
    id: object.id,
    object,
    lines: amounts.lines,
    products: sent.line_items.map(({ price_data: { product_data } }) => ({
      name: product_data.name,
      description: product_data.description ?? null,
      image: product_data.images?.[0] ?? null,
    })),
    intent: {
      metadata: mergeMetadata({}, intent?.metadata),
      description: intent?.description ?? null,
      receiptEmail: intent?.receipt_email ?? null,
      shipping: intent?.shipping ?? null,
      setupFutureUsage: intent?.setup_future_usage ?? null,
    },
    displayName: sent.branding_settings?.display_name ?? null,
  };
  world.store.sessions.put(record);
  scheduleExpiry(world, record);
  return object;
};

const intentOf = (world: World, record: SessionRecord): IntentRecord => {
  const { object, intent } = record;
  const existing = idOf(object.payment_intent);
  if (existing !== null) return findIntent(world, existing);
  const made = makeIntent(world, {
    amount: object.amount_total ?? 0,
    currency: object.currency ?? "usd",
    customer: idOf(object.customer),
    description: intent.description,
    metadata: { ...intent.metadata },
    receiptEmail: intent.receiptEmail,
    setupFutureUsage: intent.setupFutureUsage,
    shipping: intent.shipping,
    session: record.id,
  });
  object.payment_intent = made.id;
  return made;
};

/** Throws 400 unless the session can be paid. */
export const checkOpen = ({ object }: SessionRecord): void => {
  if (object.status === "open") return;
  throw refused(`This Checkout Session is ${object.status}.`, {
    code: object.status === "expired" ? "checkout_session_expired" : "checkout_session_complete",
  });
};

export interface Shopper {
  email: string | null;
  name: string | null;
}

/**
 * The shopper pays on the page. Gives back what to show when the card was refused; otherwise the
 * session is complete, or its intent waits for 3-D Secure.
 */
export const paySession = (
  world: World,
  record: SessionRecord,
  method: PaymentMethodRecord,
  shopper: Shopper,
): ApiError | undefined => {
  checkOpen(record);
  const { object } = record;
  object.customer_details = {
    address: null,
    business_name: null,
    email: shopper.email ?? object.customer_email,
    individual_name: null,
    name: shopper.name,
    phone: null,
    tax_exempt: "none",
    tax_ids: [],
  };
  if (object.amount_total === 0) {
    completeSession(world, record, "no_payment_required");
    return undefined;
  }
  const intent = intentOf(world, record);
  world.store.sessions.put(record);
  return attemptPayment(world, intent, method, { isForSdk: true });
};

const listSessions = ({ form, world }: Call): object => {
  const page = parse(
    z.strictObject({
      ...listFields,
      payment_intent: text().optional(),
      customer: text().optional(),
      status: z.enum(["open", "complete", "expired"]).optional(),
    }),
    form,
  );
  const sessions = world.store.sessions
    .newestFirst()
    .map(({ object }) => object)
    .filter((s) => page.payment_intent === undefined || s.payment_intent === page.payment_intent)
    .filter((s) => page.customer === undefined || s.customer === page.customer)
    .filter((s) => page.status === undefined || s.status === page.status);
  return listPage("/v1/checkout/sessions", sessions, page);
};

export const sessionOperations: readonly Operation[] = [
  { method: "POST", path: "/v1/checkout/sessions", run: create },
  { method: "GET", path: "/v1/checkout/sessions", run: listSessions },
  {
    method: "GET",
    path: "/v1/checkout/sessions/:id",
    run: ({ id, world }) => findSession(world, id).object,
  },
  {
    method: "POST",
    path: "/v1/checkout/sessions/:id",
    run: ({ id, form, world }) => {
      const record = findSession(world, id);
      const sent = parse(z.strictObject({ metadata: metadata.optional() }), form);
      record.object.metadata = mergeMetadata(record.object.metadata ?? {}, sent.metadata);
      world.store.sessions.put(record);
      return record.object;
    },
  },
  {
    method: "POST",
    path: "/v1/checkout/sessions/:id/expire",
    run: ({ id, world }) => {
      const record = findSession(world, id);
      expireSession(world, record);
      return record.object;
    },
  },
  {
    method: "GET",
    path: "/v1/checkout/sessions/:id/line_items",
    run: ({ id, form, world }) => {
      const page = parse(z.strictObject(listFields), form);
      const lines = findSession(world, id).lines.map((line) => ({ ...line, created: 0 }));
      const url = `/v1/checkout/sessions/${id}/line_items`;
      const listed = listPage(url, lines, page);
      return { ...listed, data: listed.data.map(({ created, ...line }) => line) };
    },
  },
];
