import { createHash } from "node:crypto";
import type { Stripe } from "stripe";
import { z } from "zod";
import { cardOfNumber, cardOfToken, digitsOf, isCardNumber, type TestCard } from "./cards.ts";
import { findCustomer } from "./customers.ts";
import { cardError, invalidRequest, missing, refused } from "./errors.ts";
import {
  address,
  emailAddress,
  ignored,
  integer,
  mergeMetadata,
  metadata,
  parse,
  text,
} from "./fields.ts";
import { newId } from "./ids.ts";
import { listFields, listPage } from "./lists.ts";
import type { Operation } from "./operation.ts";
import type { PaymentMethodRecord } from "./store.ts";
import type { World } from "./world.ts";

const BillingDetails = z
  .strictObject({
    address: address.optional(),
    email: emailAddress.or(z.literal("")).optional(),
    name: z.string().optional(),
    phone: z.string().optional(),
  })
  .transform((sent) => ({
    address: sent.address ?? null,
    email: sent.email || null,
    name: sent.name || null,
    phone: sent.phone || null,
    tax_id: null,
  }));
type BillingDetails = z.infer<typeof BillingDetails>;
const NO_DETAILS: BillingDetails = {
  address: null,
  email: null,
  name: null,
  phone: null,
  tax_id: null,
};

/** `payment_method_data`, which is also what creating a payment method takes. */
export const PaymentMethodData = z.strictObject({
  type: z.literal("card"),
  card: z.union([
    z.strictObject({ token: text() }),
    z.strictObject({
      number: text(30),
      exp_month: integer,
      exp_year: integer,
      cvc: z.string().optional(),
    }),
  ]),
  billing_details: BillingDetails.optional(),
  metadata: metadata.optional(),
  allow_redisplay: ignored,
});
export type PaymentMethodData = z.infer<typeof PaymentMethodData>;

const fingerprintOf = (digits: string) =>
  createHash("sha256").update(digits).digest("base64url").replaceAll(/[-_]/g, "").slice(0, 16);

interface Expiry {
  month: number;
  year: number;
}

const wireCard = (card: TestCard, digits: string, expiry: Expiry): Stripe.PaymentMethod.Card => ({
  brand: card.brand,
  checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
  country: "US",
  display_brand: card.brand,
  exp_month: expiry.month,
  exp_year: expiry.year,
  fingerprint: fingerprintOf(digits),
  funding: "credit",
  generated_from: null,
  last4: digits.slice(-4),
  networks: { available: [card.brand], preferred: null },
  regulated_status: "unregulated",
  three_d_secure_usage: { supported: true },
  wallet: null,
});

const bankAccount = (): Stripe.PaymentMethod.UsBankAccount => ({
  account_holder_type: "individual",
  account_type: "checking",
  bank_name: "STRIPE TEST BANK",
  financial_connections_account: null,
  fingerprint: "SandboxBank",
  last4: "6789",
  networks: { preferred: "ach", supported: ["ach"] },
  routing_number: "110000000",
  status_details: null,
});

const keep = (
  world: World,
  card: TestCard,
  parts: Pick<Stripe.PaymentMethod, "type" | "card" | "us_bank_account">,
  details: { billing?: BillingDetails | undefined; metadata?: Record<string, string> },
): PaymentMethodRecord => {
  const id = newId.paymentMethod();
  const object: Stripe.PaymentMethod = {
    id,
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: details.billing ?? NO_DETAILS,
    created: world.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: details.metadata ?? {},
    ...parts,
  };
  const record = { id, object, card: card.name };
  world.store.paymentMethods.put(record);
  return record;
};

/** A fresh payment method for a test card or test bank account. */
const fromTestCard = (
  world: World,
  card: TestCard,
  billing?: BillingDetails,
): PaymentMethodRecord => {
  const expiry = { month: 12, year: new Date().getFullYear() + 4 };
  return card.debit
    ? keep(world, card, { type: "us_bank_account", us_bank_account: bankAccount() }, { billing })
    : keep(world, card, { type: "card", card: wireCard(card, card.number, expiry) }, { billing });
};

const wrongCard = (code: string, message: string, param: string) =>
  cardError({ code, message, param });

const checkExpiry = ({ month, year }: Expiry): void => {
  if (month < 1 || month > 12) {
    throw wrongCard(
      "invalid_expiry_month",
      "Your card's expiration month is invalid.",
      "exp_month",
    );
  }
  const today = new Date();
  const isPast =
    year < today.getFullYear() || (year === today.getFullYear() && month < today.getMonth() + 1);
  if (isPast || year > today.getFullYear() + 50) {
    throw wrongCard("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year");
  }
};

/**
 * A payment method from card details; of the number only brand and last four digits are kept.
 * Throws the 402s that card fields show: number, expiry and security code.
 */
export const paymentMethodFromData = (
  world: World,
  data: PaymentMethodData,
): PaymentMethodRecord => {
  if ("token" in data.card) {
    const card = cardOfToken(data.card.token);
    if (!card) throw missing("token", data.card.token, "card[token]", 400);
    return fromTestCard(world, card, data.billing_details);
  }
  const digits = digitsOf(data.card.number);
  if (!isCardNumber(digits)) {
    throw wrongCard("incorrect_number", "Your card number is incorrect.", "number");
  }
  const year = data.card.exp_year < 100 ? 2000 + data.card.exp_year : data.card.exp_year;
  const expiry = { month: data.card.exp_month, year };
  checkExpiry(expiry);
  if (data.card.cvc !== undefined && !/^\d{3,4}$/.test(data.card.cvc)) {
    throw wrongCard("invalid_cvc", "Your card's security code is invalid.", "cvc");
  }
  const card = cardOfNumber(digits);
  return keep(
    world,
    card,
    { type: "card", card: wireCard(card, digits, expiry) },
    { billing: data.billing_details, metadata: mergeMetadata({}, data.metadata) },
  );
};

/** The payment method with this id; a test id such as `pm_card_visa` makes a new one each time. */
export const findPaymentMethod = (
  world: World,
  id: string,
  param = "payment_method",
  status: 400 | 404 = 400,
): PaymentMethodRecord => {
  const known = world.store.paymentMethods.get(id);
  if (known) return known;
  const card = cardOfToken(id);
  if (!card || id.startsWith("tok_")) throw missing("PaymentMethod", id, param, status);
  return fromTestCard(world, card);
};

/** Saves the method to the customer, for later payments. */
export const attach = (world: World, record: PaymentMethodRecord, customer: string): void => {
  if (record.object.customer === customer) return;
  record.object.customer = customer;
  world.store.paymentMethods.put(record);
  world.emit("payment_method.attached", record.object);
};

const listOf = (world: World, url: string, customer: string, form: Parameters<typeof parse>[1]) => {
  const page = parse(
    z.strictObject({ ...listFields, customer: text().optional(), type: text().optional() }),
    form,
  );
  findCustomer(world, customer, "customer");
  const methods = world.store.paymentMethods
    .newestFirst()
    .map(({ object }) => object)
    .filter((method) => method.customer === customer)
    .filter((method) => page.type === undefined || method.type === page.type);
  return listPage(url, methods, page);
};

export const paymentMethodOperations: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/payment_methods",
    isPublic: true,
    run: ({ form, world }) => paymentMethodFromData(world, parse(PaymentMethodData, form)).object,
  },
  {
    method: "GET",
    path: "/v1/payment_methods",
    run: ({ form, world }) => {
      const { customer } = form;
      if (typeof customer !== "string") {
        throw invalidRequest("Missing required param: customer.", "customer", "parameter_missing");
      }
      return listOf(world, "/v1/payment_methods", customer, form);
    },
  },
  {
    method: "GET",
    path: "/v1/customers/:id/payment_methods",
    run: ({ id, form, world }) => listOf(world, `/v1/customers/${id}/payment_methods`, id, form),
  },
  {
    method: "GET",
    path: "/v1/payment_methods/:id",
    run: ({ id, world }) => findPaymentMethod(world, id, "payment_method", 404).object,
  },
  {
    method: "POST",
    path: "/v1/payment_methods/:id/attach",
    run: ({ id, form, world }) => {
      const { customer } = parse(z.strictObject({ customer: text() }), form);
      const record = findPaymentMethod(world, id, "payment_method", 404);
      findCustomer(world, customer, "customer", 400);
      if (record.object.customer !== null && record.object.customer !== customer) {
        throw refused("The payment method you provided has already been attached to a customer.", {
          code: "payment_method_unexpected_state",
        });
      }
      attach(world, record, customer);
      return record.object;
    },
  },
  {
    method: "POST",
    path: "/v1/payment_methods/:id/detach",
    run: ({ id, world }) => {
      const record = findPaymentMethod(world, id, "payment_method", 404);
      const { customer } = record.object;
      if (customer === null) {
        throw refused(
          "The payment method you provided is not attached to a customer so detachment is impossible.",
          { code: "payment_method_unexpected_state" },
        );
      }
      record.object.customer = null;
      world.store.paymentMethods.put(record);
      world.emit("payment_method.detached", record.object, { customer });
      return record.object;
    },
  },
];
