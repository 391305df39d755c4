import type { Stripe } from "stripe";
import { z } from "zod";
import { cardNamed } from "./cards.ts";
import { findCharge, idOf } from "./charges.ts";
import { invalidRequest, missing, refused } from "./errors.ts";
import { amount, ignored, mergeMetadata, metadata, parse, text } from "./fields.ts";
import { newId } from "./ids.ts";
import { findIntent } from "./intents.ts";
import { listFields, listPage } from "./lists.ts";
import { formatMoney } from "./money.ts";
import type { Call, Operation } from "./operation.ts";
import type { RefundRecord } from "./store.ts";
import type { World } from "./world.ts";

/** Seconds until a refund that does not end at once ends. */
const SETTLES_IN = 2;

const Create = z.strictObject({
  charge: text().optional(),
  payment_intent: text().optional(),
  amount: amount(1).optional(),
  metadata: metadata.optional(),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  instructions_email: ignored,
});

const findRefund = (world: World, id: string): RefundRecord => {
  const record = world.store.refunds.get(id);
  if (!record) throw missing("refund", id);
  return record;
};

const behaviourOf = (world: World, charge: Stripe.Charge) =>
  cardNamed(world.store.paymentMethods.get(charge.payment_method ?? "")?.card ?? "").refund;

const chargeToRefund = (world: World, sent: z.infer<typeof Create>): Stripe.Charge => {
  if (sent.charge !== undefined) return findCharge(world, sent.charge, "charge", 400);
  if (sent.payment_intent === undefined) {
    throw invalidRequest(
      "One of the following params should be provided for this request: payment_intent or charge.",
    );
  }
  const { object: intent } = findIntent(world, sent.payment_intent, "payment_intent", 400);
  const charge = world.store.charges.get(idOf(intent.latest_charge) ?? "");
  if (charge?.status === "succeeded") return charge;
  throw refused(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, {
    code: "payment_intent_unexpected_state",
    param: "payment_intent",
  });
};

const setRefunded = (world: World, charge: Stripe.Charge, refunded: number): void => {
  charge.amount_refunded = refunded;
  charge.refunded = refunded === charge.amount;
  world.store.charges.put(charge);
};

const settle = (world: World, record: RefundRecord): void => {
  const { object: refund } = record;
  const charge = findCharge(world, idOf(refund.charge) ?? "");
  const hasFailed = behaviourOf(world, charge) === "fails";
  record.settlesAt = null;
  refund.status = hasFailed ? "failed" : "succeeded";
  if (hasFailed) {
    refund.failure_reason = "expired_or_canceled_card";
    setRefunded(world, charge, charge.amount_refunded - refund.amount);
  }
  world.store.refunds.put(record);
  world.emit("refund.updated", refund);
  world.emit("charge.refund.updated", refund);
  if (hasFailed) world.emit("refund.failed", refund);
};

/** Sets the deadline of a refund that has not ended; also after a restart. */
export const scheduleRefund = (world: World, record: RefundRecord): void => {
  if (record.settlesAt === null) return;
  world.schedule.at(record.id, record.settlesAt, () => settle(world, record));
};

const create = ({ form, world }: Call): object => {
  const sent = parse(Create, form);
  const charge = chargeToRefund(world, sent);
  const left = charge.amount - charge.amount_refunded;
  if (!charge.paid) throw refused(`Charge ${charge.id} was not paid.`, { charge: charge.id });
  if (left === 0) {
    throw refused(`Charge ${charge.id} has already been refunded.`, {
      code: "charge_already_refunded",
      charge: charge.id,
    });
  }
  const refunded = sent.amount ?? left;
  if (refunded > left) {
    const [asked, rest] = [refunded, left].map((part) => formatMoney(part, charge.currency));
    throw refused(
      charge.amount_refunded === 0
        ? `Refund amount (${asked}) is greater than charge amount (${rest})`
        : `Refund amount (${asked}) is greater than unrefunded amount on charge (${rest})`,
      { param: "amount" },
    );
  }
  const behaviour = behaviourOf(world, charge);
  const object: Stripe.Refund = {
    id: newId.refund(),
    object: "refund",
    amount: refunded,
    balance_transaction: null,
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    customer: idOf(charge.customer),
    customer_account: null,
    destination_details: {
      card: {
        reference_status: "pending",
        reference_type: "acquirer_reference_number",
        type: "refund",
      },
      type: "card",
    },
    metadata: mergeMetadata({}, sent.metadata),
    payment_intent: idOf(charge.payment_intent),
    payment_method: charge.payment_method,
    reason: sent.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: behaviour === "pending" ? "pending" : "succeeded",
    transfer_reversal: null,
  };
  const record: RefundRecord = {
    id: object.id,
    object,
    settlesAt: behaviour === undefined ? null : world.now() + SETTLES_IN,
  };
  const previous = { amount_refunded: charge.amount_refunded, refunded: charge.refunded };
  setRefunded(world, charge, charge.amount_refunded + refunded);
  world.store.refunds.put(record);
  scheduleRefund(world, record);
  world.emit("refund.created", object);
  world.emit("charge.refunded", charge, previous);
  return object;
};

const listRefunds = ({ form, world }: Call): object => {
  const page = parse(
    z.strictObject({
      ...listFields,
      charge: text().optional(),
      payment_intent: text().optional(),
    }),
    form,
  );
  const refunds = world.store.refunds
    .newestFirst()
    .map(({ object }) => object)
    .filter((r) => page.charge === undefined || r.charge === page.charge)
    .filter((r) => page.payment_intent === undefined || r.payment_intent === page.payment_intent);
  return listPage("/v1/refunds", refunds, page);
};

export const refundOperations: readonly Operation[] = [
  { method: "POST", path: "/v1/refunds", run: create },
  { method: "GET", path: "/v1/refunds", run: listRefunds },
  { method: "GET", path: "/v1/refunds/:id", run: ({ id, world }) => findRefund(world, id).object },
  {
    method: "POST",
    path: "/v1/refunds/:id",
    run: ({ id, form, world }) => {
      const record = findRefund(world, id);
      const sent = parse(z.strictObject({ metadata: metadata.optional() }), form);
      record.object.metadata = mergeMetadata(record.object.metadata ?? {}, sent.metadata);
      world.store.refunds.put(record);
      world.emit("refund.updated", record.object);
      return record.object;
    },
  },
];
