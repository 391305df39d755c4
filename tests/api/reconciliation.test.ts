import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Actor, customer, service } from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { becomes, checkout, openSession, takenFor, track } from "../support/checkout.ts";
import { anOrderInput, aVariant, type Variant } from "../support/factories.ts";
import { haveStripeAlone } from "../support/stripe-alone.ts";
import { confirmIntent, sessionOf, stripe } from "../support/stripe-control.ts";
import { openWire, type Wire } from "../support/wire.ts";

let ada: Actor;
let sql: Wire;

haveStripeAlone();
beforeAll(async () => {
  sql = openWire();
  ada = await customer("ada");
});
afterEach(async () => {
  await stripe.recover();
  await stripe.webhooks("normal");
  await stripe.release("oldest_first");
});
afterAll(async () => {
  const broken = await ok(service().client.rpc("check_invariants"));
  expect(broken.filter((rule) => rule.broken > 0)).toEqual([]);
  await sql.end();
});

const anUnpaidOrder = async (mode: "hosted" | "intent" = "hosted") => {
  const kettle = await aVariant({ onHand: 10, price: 2_000 });
  const input = anOrderInput({ lines: [{ variant: kettle, quantity: 2 }], provider: "stripe" });
  const { order, payment } = await checkout(ada, { ...input, mode });
  const intent = payment.client_secret?.split("_secret_")[0] ?? "";
  return { kettle, order, intent, session: await openSession(order.id) };
};

const reservedOf = async ({ variantId }: Variant) => {
  const found = service()
    .client.from("stock_levels")
    .select("reserved")
    .eq("variant_id", variantId);
  return (await ok(found.single())).reserved;
};

const putOff = (orderId: string, minutes: number) =>
  sql`update orders set expires_at = now() - make_interval(mins => ${minutes})
      where id = ${orderId}`;

/** What the scheduler does every minute, as if every pause before a retry had passed. */
const aMinutePasses = async () => {
  await ok(service().client.rpc("expire_orders", { max: 1_000 }));
  await sql`update pgmq.q_jobs set vt = clock_timestamp()`;
  const { error } = await service().client.functions.invoke("jobs", { method: "POST" });
  if (error) throw error;
};

describe("when Stripe's webhooks do not come", () => {
  test.each(["hosted", "intent"] as const)(
    "an order that was paid (%s) is confirmed when its time is over, and they change nothing after",
    async (mode) => {
      await stripe.webhooks("held");
      const { order, session, intent, kettle } = await anUnpaidOrder(mode);
      await (mode === "hosted" ? stripe.pay(session) : confirmIntent(intent));
      expect((await track(order.id)).order.status).toBe("pending");

      await putOff(order.id, 1);
      await aMinutePasses();
      const confirmed = await becomes(order.id, "confirmed", "paid");
      expect(confirmed.payments).toMatchObject([
        { status: "captured", captured_amount: order.total },
      ]);
      expect(await reservedOf(kettle)).toBe(2);

      await stripe.webhooks("normal");
      await stripe.release("newest_first");
      await aMinutePasses();
      const later = await track(order.id);
      expect([later.order, later.refunds]).toEqual([confirmed.order, []]);
      expect(later.events).toEqual(confirmed.events);
      expect(await takenFor(order.id)).toEqual({ charges: 1, taken: order.total, refunded: 0 });
    },
  );

  test("an order that was paid is confirmed long before its time is over", async () => {
    await stripe.webhooks("held");
    const { order, session } = await anUnpaidOrder();
    await stripe.pay(session);
    await sql`update payments set created_at = created_at - interval '6 minutes'
              where order_id = ${order.id}`;
    await aMinutePasses();
    const { order: paid } = await becomes(order.id, "confirmed", "paid");
    expect(paid.expires_at).toBeNull();
  });

  test("an order that nobody paid is given up, and its page takes no money any more", async () => {
    await stripe.webhooks("held");
    const { order, session, kettle } = await anUnpaidOrder();
    await putOff(order.id, 1);
    await aMinutePasses();
    const { order: expired } = await becomes(order.id, "cancelled", "pending");
    expect(expired.cancel_reason).toBe("expired");
    expect((await sessionOf(session)).status).toBe("expired");
    expect(await reservedOf(kettle)).toBe(0);
    await stripe.pay(session);
    expect(await takenFor(order.id)).toMatchObject({ taken: 0 });
  });

  test("an order is not asked about while there is no reason to", async () => {
    const { order } = await anUnpaidOrder();
    await aMinutePasses();
    const checks = await sql`
      select from private.payment_checks c join payments p on p.id = c.payment_id
      where p.order_id = ${order.id}`;
    expect(checks).toHaveLength(0);
    expect((await track(order.id)).order.status).toBe("pending");
  });
});

describe("when Stripe does not answer either", () => {
  test("a paid order waits, and is confirmed when Stripe is back", async () => {
    await stripe.webhooks("held");
    const { order, session } = await anUnpaidOrder();
    await stripe.pay(session);
    await stripe.fail({ outage: "unavailable" });
    await putOff(order.id, 10);
    await aMinutePasses();
    expect((await track(order.id)).order.status).toBe("pending");

    await stripe.recover();
    await aMinutePasses();
    await becomes(order.id, "confirmed", "paid");
  });

  test("for half an hour, the goods are for sale again, and late money goes back in full", async () => {
    await stripe.webhooks("held");
    const { order, session, kettle } = await anUnpaidOrder();
    await stripe.pay(session);
    await stripe.fail({ outage: "unavailable" });
    await putOff(order.id, 31);
    await aMinutePasses();
    expect((await track(order.id)).order).toMatchObject({ status: "cancelled" });
    expect(await reservedOf(kettle)).toBe(0);

    await stripe.recover();
    await aMinutePasses();
    await becomes(order.id, "cancelled", "refunded");
    expect(await takenFor(order.id)).toEqual({
      charges: 1,
      taken: order.total,
      refunded: order.total,
    });
  });
});
