import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type Actor, anon, customer, guest, service, support } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import {
  becomes,
  checkout,
  openSession,
  paymentsOf,
  problemOf,
  refund,
  takenFor,
  track,
} from "../support/checkout.ts";
import { anOrderInput, aVariant, type Variant } from "../support/factories.ts";
import { haveStripeAlone } from "../support/stripe-alone.ts";
import { cards, confirmIntent, sessionOf, stripe } from "../support/stripe-control.ts";
import { openWire, type Wire } from "../support/wire.ts";

let ada: Actor;
let bo: Actor;
let kit: Actor;
let sql: Wire;

haveStripeAlone();
beforeAll(async () => {
  sql = openWire();
  [ada, bo, kit] = await Promise.all([customer("ada"), customer("bo"), support()]);
});
afterEach(async () => {
  await stripe.recover();
  await stripe.webhooks("normal");
});
afterAll(async () => {
  const broken = await ok(service().client.rpc("check_invariants"));
  expect(broken.filter((rule) => rule.broken > 0)).toEqual([]);
  await sql.end();
});

const stockOf = async ({ variantId }: Variant) =>
  ok(
    service()
      .client.from("stock_levels")
      .select("on_hand, reserved")
      .eq("variant_id", variantId)
      .single(),
  );

/** An order that waits for its card payment on Stripe's page. */
const anUnpaidOrder = async (buyer = ada) => {
  const kettle = await aVariant({ onHand: 10, price: 2_000 });
  const input = anOrderInput({ lines: [{ variant: kettle, quantity: 2 }], provider: "stripe" });
  const { order, payment } = await checkout(buyer, input);
  return { kettle, input, order, payment, session: await openSession(order.id) };
};

const aPaidOrder = async () => {
  const unpaid = await anUnpaidOrder();
  await stripe.pay(unpaid.session);
  await becomes(unpaid.order.id, "confirmed", "paid");
  return unpaid;
};

/** As if the time to pay had been over for so many minutes, and the scheduler had looked. */
const letExpire = async (orderId: string, minutes = 0) => {
  await sql`update orders set expires_at = now() - make_interval(mins => ${minutes}, secs => 1)
    where id = ${orderId}`;
  await ok(service().client.rpc("expire_orders", { max: 1_000 }));
};

/** As if every pause before a retry had passed, and the scheduler's minute had come. */
const runJobs = async () => {
  await sql`update pgmq.q_jobs set vt = clock_timestamp()`;
  const { error } = await service().client.functions.invoke("jobs", { method: "POST" });
  if (error) throw error;
};

describe("paying by card", () => {
  test("on Stripe's page confirms the order and keeps its goods for good", async () => {
    const { order, payment, session, kettle } = await anUnpaidOrder();
    expect(payment).toMatchObject({ provider: "stripe", amount: order.total, currency: "GBP" });
    expect(payment.redirect_url).toMatch(/^https?:\/\//);
    expect(await stripe.pay(session)).toMatchObject({ status: "complete", payment_status: "paid" });
    const { order: paid, payments } = await becomes(order.id, "confirmed", "paid");
    expect(paid).toMatchObject({ expires_at: null, paid_at: expect.any(String) });
    expect(payments).toMatchObject([{ status: "captured", captured_amount: order.total }]);
    // The card is in an event of its own.
    await expect
      .poll(async () => (await track(order.id)).payments)
      .toMatchObject([{ card_brand: "visa", card_last4: "4242" }]);
    expect(await takenFor(order.id)).toEqual({ charges: 1, taken: order.total, refunded: 0 });
    expect(await stockOf(kettle)).toEqual({ on_hand: 10, reserved: 2 });
  });

  test("in an app's own fields works by an intent's secret", async () => {
    const kettle = await aVariant();
    const input = anOrderInput({ lines: [{ variant: kettle }], provider: "stripe" });
    const { order, payment } = await checkout(await guest(), { ...input, mode: "intent" });
    expect(payment.client_secret).toMatch(/^pi_.+_secret_/);
    expect(payment.redirect_url).toBeUndefined();
    await confirmIntent(payment.client_secret?.split("_secret_")[0] ?? "");
    await becomes(order.id, "confirmed", "paid");
  });

  test("on delivery needs no provider at all", async () => {
    await stripe.fail({ outage: "unavailable" });
    const { order, payment } = await checkout(
      ada,
      anOrderInput({ lines: [{ variant: await aVariant() }] }),
    );
    expect(order.status).toBe("confirmed");
    expect(payment.redirect_url).toBeUndefined();
  });

  test.each([
    ["a declined card", cards.declined, "generic_decline"],
    ["a card without funds", cards.insufficientFunds, "insufficient_funds"],
  ])(
    "with %s leaves the order waiting, and another card on the same page pays it",
    async (_, card, code) => {
      const { order, session, kettle } = await anUnpaidOrder();
      expect((await stripe.pay(session, card)).error).toMatchObject({ code: "card_declined" });
      const { payments } = await becomes(order.id, "pending", "failed");
      expect(payments[0]?.failure_code).toBe(code);
      expect(await stockOf(kettle)).toMatchObject({ reserved: 2 });

      await stripe.pay(session);
      await becomes(order.id, "confirmed", "paid");
      expect(await takenFor(order.id)).toMatchObject({ charges: 1, taken: order.total });
    },
  );

  test("shows why the last card was declined, not the first", async () => {
    const { order, session } = await anUnpaidOrder();
    await stripe.pay(session, cards.declined);
    await becomes(order.id, "pending", "failed");
    await stripe.pay(session, cards.insufficientFunds);
    await expect
      .poll(async () => (await track(order.id)).payments[0]?.failure_code)
      .toBe("insufficient_funds");
  });

  test("can be tried anew after a decline, and the older page no longer takes money", async () => {
    const { order, session } = await anUnpaidOrder();
    await stripe.pay(session, cards.declined);
    await becomes(order.id, "pending", "failed");
    const again = await checkout(ada, { order_id: order.id });
    expect(again.order.id).toBe(order.id);
    const newer = await openSession(order.id);
    if (newer !== session) expect((await sessionOf(session)).status).toBe("expired");
    await stripe.pay(newer);
    await becomes(order.id, "confirmed", "paid");
    await stripe.pay(session);
    expect(await takenFor(order.id)).toMatchObject({ charges: 1, taken: order.total });
  });

  test("asks for 3-D Secure where the card does, and takes the money after it", async () => {
    const { order, session } = await anUnpaidOrder();
    const left = await stripe.pay(session, cards.authenticationRequired, "leave");
    expect(left.challenge_url).toMatch(/^http/);
    expect((await track(order.id)).order.payment_status).not.toBe("paid");
    await stripe.answerChallenge(left.payment_intent ?? "", "complete");
    await becomes(order.id, "confirmed", "paid");
  });

  test("that fails 3-D Secure leaves the order payable", async () => {
    const { order, session } = await anUnpaidOrder();
    await stripe.pay(session, cards.authenticationRequired, "fail");
    await becomes(order.id, "pending", "failed");
    await stripe.pay(session);
    await becomes(order.id, "confirmed", "paid");
    expect(await takenFor(order.id)).toMatchObject({ charges: 1 });
  });

  test("twice at once opens one page; the same request again leads to it", async () => {
    const kettle = await aVariant();
    const input = anOrderInput({ lines: [{ variant: kettle }], provider: "stripe" });
    const answers = await Promise.all([checkout(ada, input), checkout(ada, input)]);
    const later = await checkout(ada, { order_id: answers[0].order.id });
    const urls = [...answers, later].map(({ payment }) => payment.redirect_url);
    expect(new Set(urls).size).toBe(1);
    expect(await paymentsOf(answers[0].order.id)).toHaveLength(1);
  });

  test("is refused for orders that are somebody else's, paid, or paid on delivery", async () => {
    const { order } = await aPaidOrder();
    expect(await problemOf(bo, "checkout", { order_id: order.id })).toMatchObject({
      status: 404,
      code: "order_not_found",
    });
    expect(await problemOf(ada, "checkout", { order_id: order.id })).toMatchObject({
      status: 409,
      code: "order_not_payable",
    });
    const body = { order_id: order.id };
    const { error } = await anon().client.functions.invoke("checkout", { body });
    expect(error?.context.status).toBe(401);
  });

  test("names the wrong field, and passes the shop's refusals on with their details", async () => {
    const kettle = await aVariant({ onHand: 1 });
    const input = anOrderInput({ lines: [{ variant: kettle, quantity: 2 }], provider: "stripe" });
    expect(await problemOf(ada, "checkout", input)).toMatchObject({
      status: 409,
      code: "out_of_stock",
      details: { lines: [{ sku: kettle.sku, requested: 2, available: 1 }] },
    });
    expect(await problemOf(ada, "checkout", { ...input, total: 1 })).toMatchObject({
      status: 422,
      code: "invalid_input",
      details: { field: "total" },
    });
  });
});

describe("Stripe's events", () => {
  test.each([
    ["twice each", "duplicate"],
    ["newest first", "reversed"],
  ] as const)("that come %s book the payment once", async (_, mode) => {
    await stripe.webhooks(mode, 3);
    const { order, session } = await anUnpaidOrder();
    await stripe.pay(session);
    await stripe.webhooks("normal");
    const { payments, events } = await becomes(order.id, "confirmed", "paid");
    expect(payments).toMatchObject([{ captured_amount: order.total }]);
    expect(events.filter(({ to_status }) => to_status === "paid")).toHaveLength(1);
  });

  test.each(["oldest_first", "newest_first"] as const)(
    "of a decline and a payment, held back and sent %s, come to the same books",
    async (order_) => {
      await stripe.webhooks("held");
      const { order, session } = await anUnpaidOrder();
      await stripe.pay(session, cards.declined);
      await stripe.pay(session);
      await stripe.release(order_);
      const { payments } = await becomes(order.id, "confirmed", "paid");
      expect(payments).toMatchObject([{ status: "captured", captured_amount: order.total }]);
    },
  );

  test("with a wrong signature, or none, are refused and booked nowhere", async () => {
    const { order } = await anUnpaidOrder();
    const body = JSON.stringify({
      id: "evt_forged",
      type: "checkout.session.completed",
      data: { object: { id: await openSession(order.id), object: "checkout.session" } },
    });
    const { url } = inject("project");
    for (const signature of ["t=1,v1=00", "", "t=99999999999,v1=deadbeef"]) {
      const answer = await fetch(`${url}/functions/v1/webhooks/stripe`, {
        method: "POST",
        body,
        headers: signature ? { "stripe-signature": signature } : {},
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: "invalid_signature" });
    }
    const inbox = await sql`select from private.payment_events where event_id = 'evt_forged'`;
    expect(inbox).toHaveLength(0);
    expect((await track(order.id)).order.status).toBe("pending");
  });
});

describe("when Stripe does not answer", () => {
  test.each(["unavailable", "reset", "lost_reply"] as const)(
    "(%s) checkout says so and names the order, and the same request later goes on with it",
    async (outage) => {
      const kettle = await aVariant({ onHand: 3 });
      const input = anOrderInput({ lines: [{ variant: kettle }], provider: "stripe" });
      await stripe.fail({ outage, match: "POST /v1/checkout/sessions" });
      const problem = await problemOf(ada, "checkout", input);
      expect(problem).toMatchObject({ status: 503, code: "payment_provider_unavailable" });
      const orderId = String(Object(problem.details.order).id);
      expect(await stockOf(kettle)).toMatchObject({ reserved: 1 });

      await stripe.recover();
      const { order } = await checkout(ada, input);
      expect(order.id).toBe(orderId);
      await stripe.pay(await openSession(orderId));
      await becomes(orderId, "confirmed", "paid");
      expect(await takenFor(orderId)).toMatchObject({ charges: 1, taken: order.total });
    },
  );

  test("one refusal is not even noticed", async () => {
    const kettle = await aVariant();
    await stripe.fail({ outage: "unavailable", count: 1, match: "POST /v1/checkout/sessions" });
    const { order, payment } = await checkout(
      ada,
      anOrderInput({ lines: [{ variant: kettle }], provider: "stripe" }),
    );
    expect(payment.redirect_url).toBeDefined();
    expect(await paymentsOf(order.id)).toHaveLength(1);
  });

  test("a refund waits and is made once when it is back", async () => {
    const { order } = await aPaidOrder();
    await stripe.fail({ outage: "lost_reply", match: "POST /v1/refunds" });
    await ok(ada.client.rpc("cancel_order", { order_id: order.id }));
    expect((await track(order.id)).order).toMatchObject({
      status: "cancelled",
      payment_status: "paid",
    });
    await runJobs();
    await stripe.recover();
    await runJobs();
    const { refunds } = await becomes(order.id, "cancelled", "refunded");
    expect(refunds).toMatchObject([{ amount: order.total, state: "succeeded" }]);
    expect(await takenFor(order.id)).toEqual({
      charges: 1,
      taken: order.total,
      refunded: order.total,
    });
  });
});

describe("time running out", () => {
  test("cancels the unpaid order, frees its goods and closes the page", async () => {
    const { order, session, kettle } = await anUnpaidOrder();
    await letExpire(order.id);
    const { order: expired, events } = await becomes(order.id, "cancelled", "pending");
    expect(expired.cancel_reason).toBe("expired");
    expect(events.at(-1)).toMatchObject({ to_status: "cancelled" });
    expect(await stockOf(kettle)).toEqual({ on_hand: 10, reserved: 0 });
    await expect
      .poll(async () => (await sessionOf(session)).status, { timeout: 15_000 })
      .toBe("expired");
    expect(await problemOf(ada, "checkout", { order_id: order.id })).toMatchObject({
      status: 410,
      code: "order_expired",
    });
    expect(await takenFor(order.id)).toMatchObject({ taken: 0 });
  });

  test("does not cancel an order that was paid, though the webhook never came", async () => {
    await stripe.webhooks("held");
    const { order, session, kettle } = await anUnpaidOrder();
    await stripe.pay(session);
    await letExpire(order.id);
    await becomes(order.id, "confirmed", "paid");
    await stripe.webhooks("normal");
    await stripe.release("oldest_first");
    expect(await takenFor(order.id)).toEqual({ charges: 1, taken: order.total, refunded: 0 });
    expect(await stockOf(kettle)).toEqual({ on_hand: 10, reserved: 2 });
  });

  test("gives a payment back in full that comes to light after Stripe was silent for long", async () => {
    await stripe.webhooks("held");
    const { order, session, kettle } = await anUnpaidOrder();
    await stripe.pay(session);
    await stripe.fail({ outage: "unavailable" });
    await letExpire(order.id, 31);
    await becomes(order.id, "cancelled", "pending");
    expect(await stockOf(kettle)).toEqual({ on_hand: 10, reserved: 0 });

    await stripe.recover();
    await stripe.webhooks("normal");
    await stripe.release("oldest_first");
    await runJobs();
    await becomes(order.id, "cancelled", "refunded");
    expect(await takenFor(order.id)).toEqual({
      charges: 1,
      taken: order.total,
      refunded: order.total,
    });
    expect(await stockOf(kettle)).toEqual({ on_hand: 10, reserved: 0 });
  });

  test("does not touch an order that was paid in time", async () => {
    const { order, kettle } = await aPaidOrder();
    await ok(service().client.rpc("expire_orders", { max: 1_000 }));
    expect((await track(order.id)).order.status).toBe("confirmed");
    expect(await stockOf(kettle)).toMatchObject({ reserved: 2 });
  });
});

describe("giving money back", () => {
  test("follows the buyer's cancelling of a paid order, and frees the goods", async () => {
    const { order, kettle } = await aPaidOrder();
    await ok(ada.client.rpc("cancel_order", { order_id: order.id, reason: "Changed my mind" }));
    const { refunds } = await becomes(order.id, "cancelled", "refunded");
    expect(refunds).toMatchObject([{ amount: order.total, state: "succeeded" }]);
    expect(await takenFor(order.id)).toMatchObject({ refunded: order.total });
    expect(await stockOf(kettle)).toEqual({ on_hand: 10, reserved: 0 });
  });

  test("of an unpaid order is none, and its page is closed", async () => {
    const { order, session } = await anUnpaidOrder();
    await ok(ada.client.rpc("cancel_order", { order_id: order.id }));
    await expect
      .poll(async () => (await sessionOf(session)).status, { timeout: 15_000 })
      .toBe("expired");
    expect((await track(order.id)).refunds).toEqual([]);
  });

  test("is done in parts by staff until nothing is left", async () => {
    const { order } = await aPaidOrder();
    const body = { order_id: order.id, amount: 1_500, reason: "Scratched" };
    const key = { ...body, idempotency_key: `refund-${order.id}` };
    await refund(kit, key);
    await refund(kit, key);
    await becomes(order.id, "confirmed", "partially_refunded");
    expect(await takenFor(order.id)).toMatchObject({ refunded: 1_500 });

    expect(await problemOf(kit, "payments/refund", { ...body, amount: order.total })).toMatchObject(
      {
        status: 422,
        code: "invalid_input",
        details: { field: "amount" },
      },
    );
    await refund(kit, { order_id: order.id });
    await becomes(order.id, "confirmed", "refunded");
    expect(await takenFor(order.id)).toMatchObject({ refunded: order.total });
    expect(await problemOf(kit, "payments/refund", { order_id: order.id })).toMatchObject({
      status: 409,
      code: "nothing_to_refund",
    });
  });

  test("is not for buyers to ask for", async () => {
    const { order } = await aPaidOrder();
    expect(await problemOf(ada, "payments/refund", { order_id: order.id })).toMatchObject({
      status: 403,
      code: "forbidden",
    });
    expect(await refusal(ada.client.rpc("request_refund", { order_id: order.id }))).toMatchObject({
      code: "forbidden",
    });
    expect(await takenFor(order.id)).toMatchObject({ refunded: 0 });
  });
});
