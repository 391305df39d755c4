import type { Stripe } from "stripe";
import { z } from "zod";
import type { Decline } from "./cards.ts";
import { missing } from "./errors.ts";
import { parse, text } from "./fields.ts";
import { newId } from "./ids.ts";
import { listFields, listPage } from "./lists.ts";
import type { Operation } from "./operation.ts";
import type { IntentRecord, PaymentMethodRecord } from "./store.ts";
import type { World } from "./world.ts";

/** The id of a field that is an id or, where expanded, an object. */
export const idOf = (value: string | { id: string } | null | undefined): string | null =>
  typeof value === "string" ? value : (value?.id ?? null);

const cardDetails = (
  card: Stripe.PaymentMethod.Card,
  isAuthenticated: boolean,
): Stripe.Charge.PaymentMethodDetails.Card => ({
  amount_authorized: null,
  authorization_code: null,
  brand: card.brand,
  checks: card.checks,
  country: card.country,
  electronic_commerce_indicator: isAuthenticated ? "05" : null,
  exp_month: card.exp_month,
  exp_year: card.exp_year,
  fingerprint: card.fingerprint ?? null,
  funding: card.funding,
  installments: null,
  last4: card.last4,
  mandate: null,
  network: card.brand,
  network_transaction_id: null,
  regulated_status: card.regulated_status,
  three_d_secure: isAuthenticated
    ? {
        authentication_flow: "challenge",
        electronic_commerce_indicator: "05",
        exemption_indicator: null,
        exemption_indicator_applied: false,
        result: "authenticated",
        result_reason: null,
        transaction_id: null,
        version: "2.2.0",
      }
    : null,
  transaction_link_id: null,
  wallet: null,
});

const methodDetails = (
  method: Stripe.PaymentMethod,
  isAuthenticated: boolean,
): Stripe.Charge.PaymentMethodDetails =>
  method.card
    ? { type: "card", card: cardDetails(method.card, isAuthenticated) }
    : {
        type: "us_bank_account",
        us_bank_account: {
          account_holder_type: "individual",
          account_type: "checking",
          bank_name: "STRIPE TEST BANK",
          fingerprint: "SandboxBank",
          last4: "6789",
          payment_reference: null,
          routing_number: "110000000",
        },
      };

const APPROVED: Stripe.Charge.Outcome = {
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: "approved_by_network",
  reason: null,
  risk_level: "normal",
  seller_message: "Payment complete.",
  type: "authorized",
};
const declinedOutcome = (decline: Decline): Stripe.Charge.Outcome => ({
  ...APPROVED,
  advice_code: "try_again_later",
  network_status: "declined_by_network",
  reason: decline.declineCode ?? decline.code,
  seller_message: "The bank did not return any further details with this decline.",
  type: "issuer_declined",
});

/** How the attempt ended, or `pending` while a bank debit is on its way. */
export type ChargeResult = "succeeded" | "pending" | Decline;

/** Brings the charge to its result; keeps it. */
export const settleCharge = (world: World, charge: Stripe.Charge, result: ChargeResult): void => {
  const decline = typeof result === "string" ? null : result;
  charge.status = typeof result === "string" ? result : "failed";
  charge.paid = result === "succeeded";
  charge.amount_captured = charge.paid ? charge.amount : 0;
  charge.captured = charge.paid;
  charge.failure_code = decline?.code ?? null;
  charge.failure_message = decline?.message ?? null;
  charge.outcome = decline ? declinedOutcome(decline) : APPROVED;
  world.store.charges.put(charge);
  world.emit(`charge.${charge.status}`, charge);
};

/** One attempt to take the intent's amount from the method; emits `charge.<status>`. */
export const makeCharge = (
  world: World,
  { object: intent }: IntentRecord,
  method: PaymentMethodRecord,
  result: ChargeResult,
  isAuthenticated: boolean,
): Stripe.Charge => {
  const charge: Stripe.Charge = {
    id: newId.charge(),
    object: "charge",
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.object.billing_details,
    calculated_statement_descriptor: "SUPAMARKET",
    captured: false,
    created: world.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: methodDetails(method.object, isAuthenticated),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "pending",
    transfer_data: null,
    transfer_group: null,
  };
  settleCharge(world, charge, result);
  return charge;
};

export const findCharge = (world: World, id: string, param = "id", status: 400 | 404 = 404) => {
  const charge = world.store.charges.get(id);
  if (!charge) throw missing("charge", id, param, status);
  return charge;
};

export const chargeOperations: readonly Operation[] = [
  {
    method: "GET",
    path: "/v1/charges/:id",
    run: ({ id, world }) => findCharge(world, id),
  },
  {
    method: "GET",
    path: "/v1/charges",
    run: ({ form, world }) => {
      const page = parse(
        z.strictObject({
          ...listFields,
          customer: text().optional(),
          payment_intent: text().optional(),
        }),
        form,
      );
      const charges = world.store.charges
        .newestFirst()
        .filter(
          (charge) =>
            page.payment_intent === undefined || charge.payment_intent === page.payment_intent,
        )
        .filter((charge) => page.customer === undefined || charge.customer === page.customer);
      return listPage("/v1/charges", charges, page);
    },
  },
];
