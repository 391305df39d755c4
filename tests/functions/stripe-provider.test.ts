import { describe, expect, it } from "vitest";
import type { PaymentAttempt } from "../../supabase/functions/_shared/contracts/index.ts";
import { stripeClient } from "../../supabase/functions/_shared/payments/stripe-client.ts";
import { stripeProvider } from "../../supabase/functions/_shared/payments/stripe-provider.ts";
import { anAttempt, orderId, paymentId, refundId } from "./documents.ts";
import { aSandbox, aShop, card, SECRET_KEY, submit } from "./stripe-sandbox-harness.ts";

const urls = { successUrl: "https://shop.test/done", cancelUrl: "https://shop.test/cart" };
const hosted = { mode: "hosted" as const, ...urls };
const intent = { mode: "intent" as const, ...urls };

/** Our side of Stripe, through the real SDK, against the sandbox. */
const aProvider = async () => {
  const sandbox = await aSandbox(await aShop());
  const client = stripeClient({
    secretKey: SECRET_KEY,
    webhookSecret: "whsec_unused",
    apiUrl: new URL(sandbox.url),
  });
  return { ...sandbox, provider: stripeProvider(client) };
};

const pay = async (url: string | null, number = "4242424242424242") => {
  if (!url) throw new Error("there is no page to pay on");
  return await submit(url, card(number));
};

const aRefund = (providerPaymentId: string | null, amount = 1000) => ({
  refund_id: refundId,
  payment_id: paymentId,
  order_id: orderId,
  provider: "stripe" as const,
  provider_payment_id: providerPaymentId,
  provider_session_id: null,
  provider_refund_id: null,
  amount,
  currency: "GBP",
  state: "pending" as const,
  reason: null,
});

describe("a hosted payment", () => {
  it("is a page that lists the order and asks for exactly its total", async () => {
    const { provider, client } = await aProvider();
    const opened = await provider.open(anAttempt(), hosted);
    expect(opened).toMatchObject({ mode: "hosted", event: { state: "requires_action" } });
    const session = await client.checkout.sessions.retrieve(opened.provider_session_id ?? "", {
      expand: ["line_items"],
    });
    expect(session).toMatchObject({
      amount_total: 5399,
      currency: "gbp",
      client_reference_id: orderId,
      customer_email: "ada@supamarket.test",
      metadata: { payment_id: paymentId, order_id: orderId, order_number: "SM-100001" },
    });
    expect(session.line_items?.data.map((line) => [line.description, line.amount_total])).toEqual([
      ["Kettle", 5000],
      ["Shipping", 399],
    ]);
  });

  it.each<[string, Partial<PaymentAttempt>]>([
    ["a discount", { discount: 500, amount: 4899 }],
    ["tax on top", { prices_include_tax: false, tax: 1000, amount: 6399 }],
    [
      "a line that is cheaper by the dozen",
      {
        amount: 5299,
        items: [
          {
            sku: "K",
            title: "Kettle",
            image: null,
            quantity: 2,
            unit_price: 2500,
            line_total: 4900,
          },
        ],
      },
    ],
    [
      "more lines than a page takes",
      {
        amount: 20_399,
        items: Array.from({ length: 200 }, (_, at) => ({
          sku: `S${at}`,
          title: `Thing ${at}`,
          image: null,
          quantity: 1,
          unit_price: 100,
          line_total: 100,
        })),
      },
    ],
    ["an address that is no e-mail for Stripe", { email: "ada@b..c" }],
    ["a currency without decimals", { currency: "JPY" }],
  ])("asks for exactly the total with %s", async (_what, over) => {
    const { provider, client } = await aProvider();
    const attempt = anAttempt(over);
    const { provider_session_id: id } = await provider.open(attempt, hosted);
    const session = await client.checkout.sessions.retrieve(id ?? "");
    expect(session.amount_total).toBe(attempt.amount);
  });

  it.each([
    ["half an hour", 30, 61],
    ["as long as a shop may set", 1380, 1411],
    ["longer than Stripe keeps a page", 3 * 24 * 60, 24 * 60 - 1],
  ])(
    "for an order that waits %s has a page that ends after it, if it can",
    async (_, hold, life) => {
      const { provider, client } = await aProvider();
      const now = Math.floor(Date.now() / 1000);
      const attempt = anAttempt({
        created_at: new Date(now * 1000).toISOString(),
        expires_at: new Date((now + hold * 60) * 1000).toISOString(),
      });
      const { provider_session_id: id } = await provider.open(attempt, hosted);
      const session = await client.checkout.sessions.retrieve(id ?? "");
      expect(session.expires_at - now).toBe(life * 60);
    },
  );

  it("opened fifty times at once is one session", async () => {
    const { provider, client } = await aProvider();
    const attempt = anAttempt();
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => provider.open(attempt, hosted)),
    );
    const ids = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value.provider_session_id] : [],
    );
    expect(new Set(ids).size).toBe(1);
    expect((await client.checkout.sessions.list()).data).toHaveLength(1);
    expect(await provider.open(attempt, hosted)).toMatchObject({ provider_session_id: ids[0] });
  });

  it("cannot become a second payment by asking for it in another way", async () => {
    const { provider } = await aProvider();
    const attempt = anAttempt();
    await provider.open(attempt, hosted);
    for (const options of [{ ...hosted, successUrl: "https://shop.test/other" }, intent]) {
      await expect(provider.open(attempt, options)).rejects.toMatchObject({
        code: "idempotency_key_reused",
      });
    }
  });

  it("once paid reads as captured with its amount, and closing changes nothing", async () => {
    const { provider } = await aProvider();
    const opened = await provider.open(anAttempt(), hosted);
    await pay(opened.redirect_url);
    const expected = {
      provider_payment_id: expect.stringMatching(/^pi_/),
      event: { state: "captured", amount: 5399, currency: "GBP", payment_id: paymentId },
    };
    expect(await provider.read(opened)).toMatchObject(expected);
    expect(await provider.close(opened)).toMatchObject(expected);
  });

  it("after a declined card can still be paid, or closed for good", async () => {
    const { provider } = await aProvider();
    const opened = await provider.open(anAttempt(), hosted);
    await pay(opened.redirect_url, "4000000000000002");
    expect((await provider.read(opened)).event.state).toBe("requires_action");
    expect((await provider.close(opened)).event.state).toBe("cancelled");
    await pay(opened.redirect_url);
    expect((await provider.read(opened)).event.state).toBe("cancelled");
  });
});

describe("a payment in an app's own fields", () => {
  it("is an intent over the total whose secret the app gets", async () => {
    const { provider, client } = await aProvider();
    const opened = await provider.open(anAttempt(), intent);
    expect(opened).toMatchObject({ mode: "intent", redirect_url: null });
    expect(opened.client_secret).toMatch(/^pi_.+_secret_/);
    const id = opened.provider_payment_id ?? "";
    expect(await client.paymentIntents.retrieve(id)).toMatchObject({
      amount: 5399,
      currency: "gbp",
      metadata: { payment_id: paymentId },
    });
    await client.paymentIntents.confirm(id, {
      payment_method: "pm_card_visa",
      return_url: "https://shop.test/done",
    });
    expect(await provider.close(opened)).toMatchObject({
      event: { state: "captured", amount: 5399, currency: "GBP" },
    });
  });

  it("can be closed before it is paid", async () => {
    const { provider } = await aProvider();
    const opened = await provider.open(anAttempt(), intent);
    expect((await provider.close(opened)).event.state).toBe("cancelled");
    expect((await provider.close(opened)).event.state).toBe("cancelled");
  });
});

describe("a refund", () => {
  const aPaidIntent = async (client: Awaited<ReturnType<typeof aProvider>>["client"]) =>
    (
      await client.paymentIntents.create({
        amount: 5399,
        currency: "gbp",
        confirm: true,
        payment_method: "pm_card_visa",
        automatic_payment_methods: { enabled: true, allow_redirects: "never" },
      })
    ).id;

  it("carried out twice gives the money back once", async () => {
    const { provider, client } = await aProvider();
    const id = await aPaidIntent(client);
    const first = await provider.refund(aRefund(id));
    expect(first).toMatchObject({ state: "succeeded", failure_message: null });
    expect(await provider.refund(aRefund(id))).toEqual(first);
    expect(
      await provider.refund({ ...aRefund(id), provider_refund_id: first.provider_refund_id }),
    ).toEqual(first);
    expect((await client.refunds.list({ payment_intent: id })).data).toHaveLength(1);
  });

  it("of a payment known by its session only finds the payment itself", async () => {
    const { provider } = await aProvider();
    const opened = await provider.open(anAttempt(), hosted);
    await pay(opened.redirect_url);
    const refund = { ...aRefund(null), provider_session_id: opened.provider_session_id };
    expect(await provider.refund(refund)).toMatchObject({ state: "succeeded" });
  });

  it("that Stripe refuses has failed, with its reason", async () => {
    const { provider, client } = await aProvider();
    const id = await aPaidIntent(client);
    expect(await provider.refund(aRefund(id, 9999))).toMatchObject({
      provider_refund_id: null,
      state: "failed",
      failure_message: expect.stringContaining("amount"),
    });
  });
});

describe("an outage of Stripe", () => {
  it("that passes while we try again is not noticed, and nothing is doubled", async () => {
    const { provider, client, control } = await aProvider();
    await control("/faults", { outage: "lost_reply", count: 1 });
    const opened = await provider.open(anAttempt(), hosted);
    expect((await client.checkout.sessions.list()).data.map(({ id }) => id)).toEqual([
      opened.provider_session_id,
    ]);
  });

  it.each(["unavailable", "reset", "rate_limited"])(
    "that lasts (%s) is a problem that says to try again",
    async (outage) => {
      const { provider, control } = await aProvider();
      await control("/faults", { outage });
      await expect(provider.open(anAttempt(), hosted)).rejects.toMatchObject({
        code: "payment_provider_unavailable",
      });
      await control("/faults", { outage: "none" });
      expect((await provider.open(anAttempt(), hosted)).redirect_url).toMatch(/^http/);
    },
    15_000,
  );

  it("is told from a wrong key, which trying again does not mend", async () => {
    const { url } = await aProvider();
    const client = stripeClient({
      secretKey: "sk_test_wrong",
      webhookSecret: "whsec_unused",
      apiUrl: new URL(url),
    });
    await expect(stripeProvider(client).open(anAttempt(), hosted)).rejects.toMatchObject({
      code: "payment_provider_error",
    });
  });
});
