import Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AppliedEvent } from "../../supabase/functions/_shared/contracts/index.ts";
import { routes } from "../../supabase/functions/_shared/http.ts";
import { verifyWith } from "../../supabase/functions/_shared/webhooks/live.ts";
import {
  createStripeWebhook,
  type StripeWebhookPorts,
} from "../../supabase/functions/_shared/webhooks/stripe-webhook.ts";
import { orderId, paymentId, refundId } from "./documents.ts";

const secret = "whsec_of_these_tests";
const stripe = new Stripe("sk_test_unused");

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

type Applied = Parameters<StripeWebhookPorts["applyEvent"]>;

/** A shop's endpoint with the real SDK's check of signatures; `applied` is what reached the database. */
const aShop = (
  outcome: (...event: Applied) => AppliedEvent["outcome"] | Promise<never> = () => "applied",
) => {
  const applied: Applied[] = [];
  const handler = routes("webhooks", {
    stripe: createStripeWebhook({
      verify: verifyWith(stripe, secret),
      applyEvent: async (...event) => {
        applied.push(event);
        return { outcome: await outcome(...event), order_id: orderId, payment_id: paymentId };
      },
    }),
  });
  return { handler, applied };
};

const metadata = { payment_id: paymentId, order_id: orderId };

const anIntent = (over: object = {}) => ({
  id: "pi_1",
  object: "payment_intent",
  status: "succeeded",
  amount: 5399,
  amount_received: 5399,
  currency: "gbp",
  client_secret: "pi_1_secret_x",
  metadata,
  last_payment_error: null,
  ...over,
});

const aSession = (over: object = {}) => ({
  id: "cs_1",
  object: "checkout.session",
  status: "complete",
  payment_status: "paid",
  payment_intent: "pi_1",
  amount_total: 5399,
  currency: "gbp",
  url: null,
  metadata,
  ...over,
});

const aCharge = (over: object = {}) => ({
  id: "ch_1",
  object: "charge",
  payment_intent: "pi_1",
  paid: true,
  captured: true,
  amount_captured: 5399,
  currency: "gbp",
  metadata,
  payment_method_details: { card: { brand: "visa", last4: "4242" } },
  ...over,
});

const aRefund = (over: object = {}) => ({
  id: "re_1",
  object: "refund",
  payment_intent: "pi_1",
  amount: 1000,
  currency: "gbp",
  status: "succeeded",
  metadata: { refund_id: refundId },
  ...over,
});

const anEvent = (type: string, object: object, id = "evt_1") =>
  JSON.stringify({ id, object: "event", type, created: 1_769_860_800, data: { object } });

const sign = (payload: string, key = secret, timestamp = Math.floor(Date.now() / 1000)) =>
  stripe.webhooks.generateTestHeaderStringAsync({ payload, secret: key, timestamp });

const deliver = async (
  handler: ReturnType<typeof aShop>["handler"],
  payload: string | Uint8Array<ArrayBuffer>,
  signature?: string,
) => {
  const response = await handler(
    new Request("http://functions.test/webhooks/stripe", {
      method: "POST",
      body: payload,
      headers: signature ? { "stripe-signature": signature } : {},
    }),
  );
  return { status: response.status, body: await response.json() };
};

describe("a webhook of Stripe", () => {
  it("reaches the database once, in our words, without the secret that lets its holder pay", async () => {
    const { handler, applied } = aShop();
    const payload = anEvent("payment_intent.succeeded", anIntent());
    const answer = await deliver(handler, payload, await sign(payload));
    expect(answer).toEqual({ status: 200, body: { received: true, outcome: "applied" } });
    const { client_secret: _secret, ...raw } = anIntent();
    expect(applied).toEqual([
      [
        "evt_1",
        "payment_intent.succeeded",
        {
          state: "captured",
          payment_id: paymentId,
          provider_payment_id: "pi_1",
          amount: 5399,
          currency: "GBP",
          occurred_at: "2026-01-31T12:00:00.000Z",
          raw,
        },
      ],
    ]);
  });

  it.each([
    [
      "checkout.session.completed",
      aSession(),
      {
        state: "captured",
        provider_session_id: "cs_1",
        provider_payment_id: "pi_1",
        amount: 5399,
        currency: "GBP",
      },
    ],
    ["checkout.session.completed", aSession({ payment_status: "unpaid" }), { state: "processing" }],
    ["checkout.session.async_payment_succeeded", aSession(), { state: "captured" }],
    [
      "checkout.session.async_payment_failed",
      aSession({ payment_status: "unpaid" }),
      { state: "failed" },
    ],
    [
      "checkout.session.expired",
      aSession({ status: "expired", payment_status: "unpaid", payment_intent: null }),
      { state: "cancelled", provider_session_id: "cs_1" },
    ],
    [
      "payment_intent.requires_action",
      anIntent({ status: "requires_action" }),
      { state: "requires_action" },
    ],
    ["payment_intent.processing", anIntent({ status: "processing" }), { state: "processing" }],
    [
      "payment_intent.amount_capturable_updated",
      anIntent({ status: "requires_capture" }),
      { state: "authorised" },
    ],
    ["payment_intent.canceled", anIntent({ status: "canceled" }), { state: "cancelled" }],
    [
      "payment_intent.payment_failed",
      anIntent({
        status: "requires_payment_method",
        last_payment_error: {
          code: "card_declined",
          decline_code: "insufficient_funds",
          message: "No funds.",
        },
      }),
      { state: "failed", failure_code: "insufficient_funds", failure_message: "No funds." },
    ],
    ["charge.succeeded", aCharge(), { state: "captured", card: { brand: "visa", last4: "4242" } }],
    ["charge.succeeded", aCharge({ captured: false }), { state: "ignored" }],
    [
      "refund.created",
      aRefund({ status: "pending" }),
      {
        state: "refunded",
        refund_state: "pending",
        provider_refund_id: "re_1",
        refund_id: refundId,
        amount: 1000,
      },
    ],
    ["refund.updated", aRefund(), { state: "refunded", refund_state: "succeeded" }],
    [
      "refund.failed",
      aRefund({ status: "failed", failure_reason: "lost_or_stolen_card" }),
      { state: "refunded", refund_state: "failed", failure_message: "lost_or_stolen_card" },
    ],
    ["charge.refund.updated", aRefund({ status: "canceled" }), { refund_state: "failed" }],
    ["charge.refunded", aCharge(), { state: "ignored" }],
    ["customer.created", { id: "cus_1" }, { state: "ignored" }],
  ])("of type %s means what it says", async (type, object, meaning) => {
    const { handler, applied } = aShop();
    const payload = anEvent(type, object);
    expect((await deliver(handler, payload, await sign(payload))).status).toBe(200);
    expect(applied).toHaveLength(1);
    expect(applied[0]?.[2]).toMatchObject({ ...meaning, occurred_at: "2026-01-31T12:00:00.000Z" });
  });

  it("counts Icelandic krónur as we do, not in Stripe's hundredths", async () => {
    const { handler, applied } = aShop();
    const intent = anIntent({ currency: "isk", amount: 250000, amount_received: 250000 });
    const payload = anEvent("payment_intent.succeeded", intent);
    await deliver(handler, payload, await sign(payload));
    expect(applied[0]?.[2]).toMatchObject({ amount: 2500, currency: "ISK" });
  });

  it("takes no id of ours from metadata that somebody else wrote", async () => {
    const { handler, applied } = aShop();
    const payload = anEvent("refund.created", aRefund({ metadata: { refund_id: "by hand" } }));
    await deliver(handler, payload, await sign(payload));
    expect(applied[0]?.[2]).not.toHaveProperty("refund_id");
  });

  it.each([
    "duplicate",
    "unknown_payment",
    "ignored",
    "deferred",
    "amount_mismatch",
    "surplus",
  ] as const)("is thanked for when the database finds it %s", async (outcome) => {
    const { handler } = aShop(() => outcome);
    const payload = anEvent("payment_intent.succeeded", anIntent());
    const { status, body } = await deliver(handler, payload, await sign(payload));
    expect([status, body.outcome]).toEqual([200, outcome]);
  });

  it("sent twice is given to the database twice with the same id, which it knows", async () => {
    const seen = new Set<string>();
    const { handler } = aShop((id) => {
      const outcome = seen.has(id) ? "duplicate" : "applied";
      seen.add(id);
      return outcome;
    });
    const payload = anEvent("payment_intent.succeeded", anIntent());
    const signature = await sign(payload);
    const outcomes = [
      (await deliver(handler, payload, signature)).body.outcome,
      (await deliver(handler, payload, signature)).body.outcome,
    ];
    expect(outcomes).toEqual(["applied", "duplicate"]);
  });

  it("is refused without a good signature, and changes nothing", async () => {
    const { handler, applied } = aShop();
    const payload = anEvent("payment_intent.succeeded", anIntent());
    const hourAgo = Math.floor(Date.now() / 1000) - 3600;
    const cases: [string, string | undefined][] = [
      [payload, undefined],
      [payload, "nonsense"],
      [payload, await sign(payload, "whsec_of_somebody_else")],
      [payload, await sign(payload, secret, hourAgo)],
      [payload.replace("5399", "1"), await sign(payload)],
    ];
    for (const [body, signature] of cases) {
      const answer = await deliver(handler, body, signature);
      expect([answer.status, answer.body.code]).toEqual([400, "invalid_signature"]);
    }
    const garbled = await deliver(handler, new Uint8Array([0xff, 0xfe]), await sign(payload));
    expect([garbled.status, garbled.body.code]).toEqual([400, "invalid_encoding"]);
    expect(applied).toEqual([]);
  });

  it("larger than any of Stripe's is refused unread", async () => {
    const { handler, applied } = aShop();
    const payload = "x".repeat(1024 * 1024 + 1);
    expect((await deliver(handler, payload, await sign(payload))).status).toBe(413);
    expect(applied).toEqual([]);
  });

  it("is asked for again when the database fails, whatever its failure", async () => {
    const { handler } = aShop(() => Promise.reject(new Error("connection reset")));
    const payload = anEvent("payment_intent.succeeded", anIntent());
    const { status, body } = await deliver(handler, payload, await sign(payload));
    expect([status, body.code]).toEqual([500, "internal"]);
  });

  it("that is genuine but not understood is asked for again, never lost", async () => {
    const { handler, applied } = aShop();
    const payload = anEvent("payment_intent.succeeded", { id: "pi_1", object: "payment_intent" });
    expect((await deliver(handler, payload, await sign(payload))).status).toBe(500);
    expect(applied).toEqual([]);
  });
});
