import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type CheckoutPorts,
  createCheckout,
} from "../../supabase/functions/_shared/checkout/create-checkout.ts";
import type { Provider } from "../../supabase/functions/_shared/payments/provider.ts";
import { Problem } from "../../supabase/functions/_shared/problems.ts";
import {
  ada,
  anAttempt,
  anOrderInput,
  aPlacedOrder,
  aProviderPayment,
  orderId,
  paymentId,
  post,
  variantId,
} from "./documents.ts";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

/** A shop where everything goes well; `calls` lists what was asked of whom. */
const aShop = (over: Partial<CheckoutPorts> = {}, provided: Partial<Provider> = {}) => {
  const calls: [name: string, ...input: unknown[]][] = [];
  const noted =
    <A extends unknown[], R>(name: string, port: (...input: A) => Promise<R>) =>
    async (...input: A): Promise<R> => {
      calls.push([name, ...input]);
      return await port(...input);
    };
  const provider: Provider = {
    open: async (_attempt, { mode }) =>
      mode === "hosted"
        ? aProviderPayment()
        : aProviderPayment({
            mode,
            provider_payment_id: "pi_1",
            provider_session_id: null,
            redirect_url: null,
            client_secret: "pi_1_secret",
          }),
    read: async () => aProviderPayment(),
    close: async () => aProviderPayment({ event: { state: "cancelled" } }),
    refund: async () => ({ provider_refund_id: "re_1", state: "succeeded", failure_message: null }),
    ...provided,
  };
  const ports: CheckoutPorts = {
    placeOrder: async ({ payment }) => aPlacedOrder(payment.provider === "cod" ? "cod" : "stripe"),
    trackOrder: async () => ({
      order: { ...aPlacedOrder().order, cancel_reason: null, buyer_id: ada },
    }),
    callerId: async () => ada,
    startAttempt: async () => anAttempt(),
    recordStarted: async () => ({ status: "created", payable: true }),
    applyEvent: async () => ({ outcome: "applied", order_id: orderId, payment_id: paymentId }),
    ...over,
    returnRules: over.returnRules ?? { allowedOrigins: [], siteUrl: "https://shop.test" },
    provider: {
      open: noted("open", provider.open),
      read: noted("read", provider.read),
      close: noted("close", provider.close),
      refund: noted("refund", provider.refund),
    },
  };
  const checkout = createCheckout({
    ...ports,
    placeOrder: noted("placeOrder", ports.placeOrder),
    trackOrder: noted("trackOrder", ports.trackOrder),
    callerId: noted("callerId", ports.callerId),
    startAttempt: noted("startAttempt", ports.startAttempt),
    recordStarted: noted("recordStarted", ports.recordStarted),
    applyEvent: noted("applyEvent", ports.applyEvent),
  });
  return { checkout, calls, names: () => calls.map(([name]) => name) };
};

const summary = {
  id: orderId,
  number: "SM-100001",
  expires_at: aPlacedOrder().order.expires_at,
};

describe("checkout", () => {
  it("places the order as the caller and answers the address of the payment page", async () => {
    const { checkout, calls, names } = aShop();
    const { status, body } = await post(checkout, anOrderInput());
    expect(status).toBe(200);
    expect(body.order).toEqual(aPlacedOrder().order);
    expect(body.payment).toEqual({
      id: paymentId,
      provider: "stripe",
      status: "created",
      amount: 5399,
      currency: "GBP",
      redirect_url: "https://pay.test/cs_1",
    });
    expect(names()).toEqual(["placeOrder", "startAttempt", "open", "recordStarted"]);
    expect(calls[0]).toEqual(["placeOrder", anOrderInput(), "Bearer ada"]);
    expect(calls[1]).toEqual(["startAttempt", orderId, null]);
    expect(calls[3]).toMatchObject(["recordStarted", paymentId, { provider_session_id: "cs_1" }]);
  });

  it("gives an app with its own card fields a client secret", async () => {
    const { checkout } = aShop();
    const { body } = await post(checkout, { ...anOrderInput(), mode: "intent" });
    expect(body.payment).toMatchObject({ client_secret: "pi_1_secret" });
    expect(body.payment).not.toHaveProperty("redirect_url");
  });

  it("is done at once for cash on delivery", async () => {
    const { checkout, names } = aShop();
    const { body } = await post(checkout, anOrderInput({ payment: { provider: "cod" } }));
    expect(body).toEqual(aPlacedOrder("cod"));
    expect(names()).toEqual(["placeOrder"]);
  });

  it("repeated, gives the payment that is open and creates no other", async () => {
    const { checkout, names } = aShop({
      startAttempt: async () => anAttempt({ provider_session_id: "cs_1" }),
    });
    const { body } = await post(checkout, anOrderInput());
    expect(body.payment.redirect_url).toBe("https://pay.test/cs_1");
    expect(names()).toEqual(["placeOrder", "startAttempt", "read"]);
  });

  it.each([
    ["price", { ...anOrderInput(), price: 1 }],
    ["status", { ...anOrderInput(), status: "paid" }],
    ["total", { ...anOrderInput(), total: 1 }],
    [
      "items[0].unit_price",
      { ...anOrderInput(), items: [{ variant_id: variantId, quantity: 1, unit_price: 1 }] },
    ],
    ["items[0].quantity", anOrderInput({ items: [{ variant_id: variantId, quantity: 0 }] })],
    ["items[0].quantity", anOrderInput({ items: [{ variant_id: variantId, quantity: -1 }] })],
    ["items[0].quantity", anOrderInput({ items: [{ variant_id: variantId, quantity: 1e9 }] })],
    ["items[0].quantity", { ...anOrderInput(), items: [{ variant_id: variantId, quantity: "2" }] }],
    ["items[0].variant_id", anOrderInput({ items: [{ variant_id: "kettle", quantity: 1 }] })],
    ["idempotency_key", { ...anOrderInput(), idempotency_key: undefined }],
    ["payment.provider", { ...anOrderInput(), payment: { provider: "bitcoin" } }],
    ["payment.amount", { ...anOrderInput(), payment: { provider: "stripe", amount: 1 } }],
    [
      "shipping_address.country",
      { ...anOrderInput(), shipping_address: { ...anOrderInput().shipping_address, country: 44 } },
    ],
    ["mode", { ...anOrderInput(), mode: "popup" }],
    ["success_url", { ...anOrderInput(), success_url: "javascript:alert(1)" }],
    ["cancel_url", { ...anOrderInput(), cancel_url: "//shop.test" }],
    ["success_url", { ...anOrderInput(), success_url: "https://ada:pw@shop.test" }],
    ["order_id", { order_id: "1" }],
    ["items", { order_id: orderId, items: [] }],
    ["body", []],
  ])("refuses a bad %s before anything is ordered", async (field, body) => {
    const { checkout, calls } = aShop();
    const answer = await post(checkout, body);
    expect([answer.status, answer.body.code]).toEqual([422, "invalid_input"]);
    expect(answer.body.details).toMatchObject({ field });
    expect(calls).toEqual([]);
  });

  it("refuses an oversized body, one that is not UTF-8, and one that is not JSON", async () => {
    const { checkout, calls } = aShop();
    const bodies = [`"${"x".repeat(300_000)}"`, new Uint8Array([0xc3, 0x28]), "{"];
    const answers = await Promise.all(bodies.map((body) => post(checkout, body)));
    expect(answers.map(({ status }) => status)).toEqual([413, 400, 400]);
    expect(calls).toEqual([]);
  });

  it("asks for a sign-in when no token is sent", async () => {
    const { checkout, calls } = aShop();
    const answer = await post(checkout, anOrderInput(), {});
    expect([answer.status, answer.body.code, calls]).toEqual([401, "not_signed_in", []]);
  });

  it("passes on what the database says about the order", async () => {
    const lines = [{ variant_id: variantId, sku: "KETTLE", requested: 2, available: 1 }];
    const { checkout, names } = aShop({
      placeOrder: async () => {
        throw new Problem("out_of_stock", { lines }, { hint: "Lower the quantity." });
      },
    });
    const { status, body } = await post(checkout, anOrderInput());
    expect([status, body.code, body.details]).toEqual([409, "out_of_stock", { lines }]);
    expect(names()).toEqual(["placeOrder"]);
  });

  it("names the order when the provider is down, so that the same request can go on", async () => {
    const { checkout } = aShop(
      {},
      {
        open: async () => {
          throw new Problem("payment_provider_unavailable", { provider: "stripe" });
        },
      },
    );
    const { status, headers, body } = await post(checkout, anOrderInput());
    expect([status, body.code]).toEqual([503, "payment_provider_unavailable"]);
    expect(body.details).toEqual({ provider: "stripe", order: summary });
    expect(headers.get("retry-after")).toBe("5");
  });

  it.each(["startAttempt", "recordStarted"] as const)(
    "names the order when %s fails",
    async (port) => {
      const fail = async () => {
        throw new Error("connection reset by 10.0.0.7");
      };
      const { checkout } = aShop({ [port]: fail });
      const { status, body } = await post(checkout, anOrderInput());
      expect([status, body.code, body.details]).toEqual([500, "internal", { order: summary }]);
      expect(JSON.stringify(body)).not.toContain("10.0.0.7");
    },
  );

  it("says so when the order was cancelled while the provider was asked", async () => {
    const { checkout } = aShop({
      recordStarted: async () => ({ status: "cancelled", payable: false }),
    });
    const { status, body } = await post(checkout, anOrderInput());
    expect([status, body.code]).toEqual([409, "order_not_payable"]);
  });
});

describe("paying an order that exists", () => {
  it("asks whose it is and starts its payment", async () => {
    const { checkout, calls } = aShop();
    const { status, body } = await post(checkout, { order_id: orderId });
    expect([status, body.order.number]).toEqual([200, "SM-100001"]);
    expect(calls).toContainEqual(["startAttempt", orderId, ada]);
    expect(calls).toContainEqual(["trackOrder", orderId, "Bearer ada"]);
  });

  it.each([
    ["trackOrder", new Problem("order_not_found"), 404],
    ["callerId", new Problem("not_signed_in"), 401],
    ["startAttempt", new Problem("order_expired"), 410],
    ["startAttempt", new Problem("order_not_payable", { payment_status: "paid" }), 409],
  ] as const)("passes on a failure of %s: %s", async (port, problem, status) => {
    const fail = async () => {
      throw problem;
    };
    const { checkout } = aShop({ [port]: fail });
    const answer = await post(checkout, { order_id: orderId });
    expect([answer.status, answer.body.code]).toEqual([status, problem.code]);
  });

  it("closes what a failed attempt left open before the new one", async () => {
    const { checkout, calls, names } = aShop({
      startAttempt: async () =>
        anAttempt({
          attempt: 2,
          superseded: [{ payment_id: ada, provider_payment_id: null, provider_session_id: "cs_0" }],
        }),
    });
    const { body } = await post(checkout, { order_id: orderId });
    expect(body.payment.redirect_url).toBe("https://pay.test/cs_1");
    expect(names().slice(2)).toEqual([
      "startAttempt",
      "close",
      "applyEvent",
      "open",
      "recordStarted",
    ]);
    expect(calls.find(([name]) => name === "applyEvent")?.[3]).toMatchObject({
      state: "cancelled",
      payment_id: ada,
    });
  });

  it("opens nothing new when the failed attempt turns out to be paid", async () => {
    const paid = aProviderPayment({
      event: { state: "captured", amount: 5399, currency: "GBP" },
    });
    const { checkout, names } = aShop(
      {
        startAttempt: async () =>
          anAttempt({
            superseded: [
              { payment_id: ada, provider_payment_id: null, provider_session_id: "cs_0" },
            ],
          }),
      },
      { close: async () => paid },
    );
    const { status, body } = await post(checkout, { order_id: orderId });
    expect([status, body.code]).toEqual([409, "order_not_payable"]);
    expect(names()).toContain("applyEvent");
    expect(names()).not.toContain("open");
  });

  it("closes the page when the shopper goes on in an app's own fields", async () => {
    let hasSession = true;
    const { checkout, names } = aShop({
      startAttempt: async () => anAttempt({ provider_session_id: hasSession ? "cs_1" : null }),
      applyEvent: async () => {
        hasSession = false;
        return { outcome: "applied", order_id: orderId, payment_id: paymentId };
      },
    });
    const { body } = await post(checkout, { order_id: orderId, mode: "intent" });
    expect(body.payment.client_secret).toBe("pi_1_secret");
    expect(names().slice(2)).toEqual([
      "startAttempt",
      "read",
      "close",
      "applyEvent",
      "startAttempt",
      "open",
      "recordStarted",
    ]);
  });

  it("says that a bank transfer is on its way instead of asking for money again", async () => {
    const { checkout, names } = aShop(
      { startAttempt: async () => anAttempt({ provider_session_id: "cs_1" }) },
      { read: async () => aProviderPayment({ event: { state: "processing" } }) },
    );
    const { status, body } = await post(checkout, { order_id: orderId });
    expect([status, body.payment.status]).toEqual([200, "processing"]);
    expect(body.payment).not.toHaveProperty("redirect_url");
    expect(names()).not.toContain("open");
  });

  it("gives up when the payment never comes to rest", async () => {
    const { checkout } = aShop(
      { startAttempt: async () => anAttempt({ provider_session_id: "cs_1" }) },
      { read: async () => aProviderPayment({ event: { state: "cancelled" } }) },
    );
    const { status, body } = await post(checkout, { order_id: orderId });
    expect([status, body.code]).toEqual([409, "order_not_payable"]);
  });
});

describe("where the shopper returns to", () => {
  const opened = async (
    body: object,
    origin?: string,
    returnRules = { allowedOrigins: [] as string[], siteUrl: "https://shop.test/store/" },
  ) => {
    const { checkout, calls } = aShop({ returnRules });
    const headers = { authorization: "Bearer ada", ...(origin ? { origin } : {}) };
    const answer = await post(checkout, { ...anOrderInput(), ...body }, headers);
    const [, , options] = calls.find(([name]) => name === "open") ?? [];
    return { answer, options };
  };

  it("is what the app says, with the order filled in and the provider's marks left", async () => {
    const { options } = await opened({
      success_url: "http://localhost:5173/#/orders/{ORDER_ID}",
      cancel_url: "https://shop.test/cart?number={ORDER_NUMBER}&s={CHECKOUT_SESSION_ID}",
    });
    expect(options).toMatchObject({
      successUrl: `http://localhost:5173/#/orders/${orderId}`,
      cancelUrl: "https://shop.test/cart?number=SM-100001&s={CHECKOUT_SESSION_ID}",
    });
  });

  it("is the page's own origin, else the shop's site", async () => {
    const fromPage = await opened({}, "http://localhost:5173");
    expect(fromPage.options).toMatchObject({
      successUrl: `http://localhost:5173/?checkout=success&order=${orderId}`,
      cancelUrl: `http://localhost:5173/?checkout=cancelled&order=${orderId}`,
    });
    const fromApp = await opened({}, "null");
    expect(fromApp.options).toMatchObject({
      successUrl: `https://shop.test/store/?checkout=success&order=${orderId}`,
    });
  });

  it("is only where the shop allows, when it lists origins", async () => {
    const rules = { allowedOrigins: ["https://app.test"], siteUrl: "https://shop.test" };
    const evil = await opened({ success_url: "https://evil.test/" }, undefined, rules);
    expect([evil.answer.status, evil.answer.body.details.field]).toEqual([422, "success_url"]);
    const own = await opened({ success_url: "https://app.test/done" }, "https://evil.test", rules);
    expect(own.options).toMatchObject({
      successUrl: "https://app.test/done",
      cancelUrl: `https://shop.test/?checkout=cancelled&order=${orderId}`,
    });
  });
});
