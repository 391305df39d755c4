import { execFile } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import Stripe from "stripe";
import { describe, expect, it } from "vitest";
import {
  aFolder,
  aSandbox,
  aSession,
  aShop,
  card,
  eventually,
  failureOf,
  paid,
  SECRET_KEY,
  shown,
  submit,
} from "./stripe-sandbox-harness.ts";

describe("payment intents", () => {
  it("charges a good card and tells the shop with events the SDK verifies", async () => {
    const shop = await aShop();
    const { client } = await aSandbox(shop);
    const intent = await client.paymentIntents.create({
      ...paid,
      metadata: { order_id: "o1" },
      expand: ["latest_charge", "payment_method"],
    });
    expect(intent).toMatchObject({ status: "succeeded", amount_received: 2500 });
    expect(intent.latest_charge).toMatchObject({
      object: "charge",
      paid: true,
      metadata: { order_id: "o1" },
    });
    expect(intent.payment_method).toMatchObject({ card: { brand: "visa", last4: "4242" } });
    await eventually(() =>
      expect(shop.types().toSorted()).toEqual([
        "charge.succeeded",
        "payment_intent.created",
        "payment_intent.succeeded",
      ]),
    );
    expect(shop.rejected).toEqual([]);
    const succeeded = shop.received.find(({ event }) => event.type === "payment_intent.succeeded");
    expect(succeeded?.event.data.object).toMatchObject({
      id: intent.id,
      metadata: { order_id: "o1" },
    });
    expect(succeeded?.event.request).toMatchObject({ id: intent.lastResponse.requestId });
  });

  it.each([
    ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card", ""],
    ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", ""],
  ])("refuses %s with the bank's code and stays payable", async (method, code, declineCode) => {
    const shop = await aShop();
    const { client } = await aSandbox(shop);
    const intent = await client.paymentIntents.create({ amount: 2500, currency: "usd" });
    const error = await failureOf(
      client.paymentIntents.confirm(intent.id, { payment_method: method }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    expect(error.payment_intent).toMatchObject({
      id: intent.id,
      status: "requires_payment_method",
      last_payment_error: { code },
    });
    const again = await client.paymentIntents.confirm(intent.id, {
      payment_method: "pm_card_visa",
    });
    expect(again.status).toBe("succeeded");
    await eventually(() => expect(shop.types()).toContain("payment_intent.succeeded"));
    expect(shop.types()).toEqual(
      expect.arrayContaining(["charge.failed", "payment_intent.payment_failed"]),
    );
  });

  it("waits for 3-D Secure, charges once it is passed and returns the shopper", async () => {
    const shop = await aShop();
    const { client } = await aSandbox(shop);
    const intent = await client.paymentIntents.create({
      ...paid,
      payment_method: "pm_card_threeDSecure2Required",
      return_url: "https://shop.test/return?order=1",
    });
    expect(intent).toMatchObject({ status: "requires_action", latest_charge: null });
    const url = intent.next_action?.redirect_to_url?.url ?? "";
    expect(await shown(await fetch(url))).toContain("Approve this payment?");
    const answered = await submit(url, { answer: "complete" });
    expect(answered.status).toBe(303);
    const location = new URL(answered.headers.get("location") ?? "");
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      order: "1",
      payment_intent: intent.id,
      redirect_status: "succeeded",
    });
    const done = await client.paymentIntents.retrieve(intent.id);
    expect(done.status).toBe("succeeded");
    expect((await submit(url, { answer: "complete" })).status).toBe(303);
    expect((await client.charges.list({ payment_intent: intent.id })).data).toHaveLength(1);
    await eventually(() => expect(shop.types()).toContain("payment_intent.requires_action"));
  });

  it("charges nothing when 3-D Secure fails, and stays payable", async () => {
    const { client, control } = await aSandbox(await aShop());
    const intent = await client.paymentIntents.create({
      ...paid,
      payment_method: "pm_card_authenticationRequired",
    });
    expect(intent.next_action).toMatchObject({ type: "use_stripe_sdk" });
    const answer = await control(`/payment_intents/${intent.id}/challenge`, { outcome: "fail" });
    expect(answer.status).toBe(402);
    const after = await client.paymentIntents.retrieve(intent.id);
    expect(after).toMatchObject({
      status: "requires_payment_method",
      last_payment_error: { code: "payment_intent_authentication_failure" },
    });
    expect((await client.charges.list({ payment_intent: intent.id })).data).toEqual([]);
  });

  it("refuses to ask for 3-D Secure when the shopper is away", async () => {
    const { client } = await aSandbox(await aShop());
    const error = await failureOf(
      client.paymentIntents.create({
        ...paid,
        payment_method: "pm_card_authenticationRequired",
        off_session: true,
      }),
    );
    expect(error).toMatchObject({ statusCode: 402, code: "authentication_required" });
  });

  it("pays later with a card that was saved to the customer", async () => {
    const { client } = await aSandbox(await aShop());
    const customer = await client.customers.create({ email: "ada@example.com" });
    const first = await client.paymentIntents.create({
      ...paid,
      customer: customer.id,
      setup_future_usage: "off_session",
    });
    const saved = await client.customers.listPaymentMethods(customer.id);
    expect(saved.data.map(({ id }) => id)).toEqual([first.payment_method]);
    const later = await client.paymentIntents.create({
      ...paid,
      customer: customer.id,
      payment_method: String(first.payment_method),
      off_session: true,
    });
    expect(later.status).toBe("succeeded");
    const bo = await client.customers.create();
    const stolen = client.paymentIntents.create({
      ...paid,
      customer: bo.id,
      payment_method: String(first.payment_method),
    });
    expect(await failureOf(stolen)).toMatchObject({ statusCode: 400, param: "payment_method" });
  });

  it("lets a browser confirm with the publishable key and the client secret only", async () => {
    const { client, stripe } = await aSandbox(await aShop());
    const intent = await client.paymentIntents.create({
      amount: 2500,
      currency: "usd",
      metadata: { secret: "x" },
    });
    const browser = stripe({}, "pk_test_sandbox");
    const method = await browser.paymentMethods.create({
      type: "card",
      card: { number: "4242424242424242", exp_month: 12, exp_year: 2040, cvc: "123" },
    });
    const clientSecret = String(intent.client_secret);
    const confirmWith = (secret: string) =>
      browser.rawRequest("POST", `/v1/payment_intents/${intent.id}/confirm`, {
        payment_method: method.id,
        client_secret: secret,
      });
    expect(await failureOf(confirmWith("wrong"))).toMatchObject({
      statusCode: 400,
      param: "client_secret",
    });
    expect(await failureOf(browser.paymentIntents.create(paid))).toMatchObject({ statusCode: 401 });
    const confirmed = await confirmWith(clientSecret);
    expect(confirmed).toMatchObject({ status: "succeeded" });
    expect(confirmed).not.toHaveProperty("metadata");
  });

  it("keeps of a card number only brand, last four digits and expiry", async () => {
    const stateFile = join(await aFolder(), "stripe.ndjson");
    const { client } = await aSandbox(await aShop(), { stateFile });
    const method = await client.paymentMethods.create({
      type: "card",
      card: { number: "5555 5555 5555 4444", exp_month: 3, exp_year: 2040, cvc: "987" },
    });
    expect(method.card).toMatchObject({ brand: "mastercard", last4: "4444", exp_month: 3 });
    const kept = await readFile(stateFile, "utf8");
    expect(kept).toContain(method.id);
    expect(kept).not.toMatch(/5555555555554444|5555 5555|987"/);
  });

  it("cancels only what is not paid", async () => {
    const shop = await aShop();
    const { client } = await aSandbox(shop);
    const open = await client.paymentIntents.create({ amount: 2500, currency: "usd" });
    const canceled = await client.paymentIntents.cancel(open.id, {
      cancellation_reason: "abandoned",
    });
    expect(canceled).toMatchObject({ status: "canceled", cancellation_reason: "abandoned" });
    const done = await client.paymentIntents.create(paid);
    expect(await failureOf(client.paymentIntents.cancel(done.id))).toMatchObject({
      statusCode: 400,
      code: "payment_intent_unexpected_state",
    });
    expect(await failureOf(client.paymentIntents.confirm(done.id))).toMatchObject({
      code: "payment_intent_unexpected_state",
      payment_intent: { id: done.id, status: "succeeded" },
    });
    await eventually(() => expect(shop.types()).toContain("payment_intent.canceled"));
  });

  it("keeps a bank debit processing until it settles", async () => {
    const shop = await aShop();
    const { client, control } = await aSandbox(shop);
    const debit = (method: string) =>
      client.paymentIntents.create({
        ...paid,
        payment_method: method,
        allowed_payment_method_types: ["us_bank_account"],
      });
    const good = await debit("pm_usBankAccount");
    const bad = await debit("pm_usBankAccount_insufficientFunds");
    expect([good.status, bad.status]).toEqual(["processing", "processing"]);
    await control("/advance", { seconds: 60 });
    expect((await client.paymentIntents.retrieve(good.id)).status).toBe("succeeded");
    expect((await client.paymentIntents.retrieve(bad.id)).status).toBe("requires_payment_method");
    await eventually(() =>
      expect(shop.types()).toEqual(
        expect.arrayContaining([
          "payment_intent.processing",
          "payment_intent.succeeded",
          "payment_intent.payment_failed",
        ]),
      ),
    );
  });
});

describe("errors", () => {
  it("answers as the provider does to what is wrong with a request", async () => {
    const { client, stripe } = await aSandbox(await aShop());
    const cases: [Promise<unknown>, object][] = [
      [
        stripe({}, "sk_test_other").balance.retrieve(),
        { statusCode: 401, type: "StripeAuthenticationError" },
      ],
      [client.balance.retrieve(), { statusCode: 404, type: "StripeInvalidRequestError" }],
      [
        client.paymentIntents.retrieve("pi_none"),
        { statusCode: 404, code: "resource_missing", param: "intent" },
      ],
      [
        client.paymentIntents.create({ amount: 0, currency: "usd" }),
        { statusCode: 400, code: "parameter_invalid_integer", param: "amount" },
      ],
      [
        client.paymentIntents.create({ amount: 12.5, currency: "usd" }),
        { code: "parameter_invalid_integer", param: "amount" },
      ],
      [client.paymentIntents.create({ amount: 10, currency: "usd" }), { code: "amount_too_small" }],
      [
        client.paymentIntents.create({ amount: 10 ** 9, currency: "usd" }),
        { code: "amount_too_large" },
      ],
      [
        client.paymentIntents.create({ amount: 2500, currency: "zzz" }),
        { statusCode: 400, param: "currency" },
      ],
      [
        client.rawRequest("POST", "/v1/payment_intents", { currency: "usd" }),
        { code: "parameter_missing", param: "amount" },
      ],
      [
        client.rawRequest("POST", "/v1/payment_intents", { ...paid, colour: "red" }),
        { code: "parameter_unknown", param: "colour" },
      ],
      [
        client.rawRequest("POST", "/v1/customers", { metadata: { "a[b": "x" } }),
        { statusCode: 400 },
      ],
      [
        client.rawRequest("POST", "/v1/customers", { __proto__x: "1", constructor: "x" }),
        { code: "parameter_unknown" },
      ],
      [
        client.paymentIntents.create({ ...paid, payment_method: "pm_none" }),
        { statusCode: 400, code: "resource_missing", param: "payment_method" },
      ],
      [
        client.paymentMethods.create({
          type: "card",
          card: { number: "4242424242424241", exp_month: 1, exp_year: 2040 },
        }),
        { statusCode: 402, code: "incorrect_number" },
      ],
      [
        client.paymentMethods.create({
          type: "card",
          card: { number: "4242424242424242", exp_month: 1, exp_year: 2020 },
        }),
        { statusCode: 402, code: "invalid_expiry_year" },
      ],
      [
        aSession(client, { expires_at: Math.floor(Date.now() / 1000) + 60 }),
        { statusCode: 400, param: "expires_at" },
      ],
      [
        aSession(client, { success_url: "javascript:alert(1)" }),
        { code: "url_invalid", param: "success_url" },
      ],
    ];
    for (const [call, expected] of cases) expect(await failureOf(call)).toMatchObject(expected);
    expect((await client.paymentIntents.list()).data).toEqual([]);
  });

  it("refuses bodies that are not forms or not UTF-8", async () => {
    const { url } = await aSandbox(await aShop());
    const post = (body: BodyInit, type: string) =>
      fetch(`${url}/v1/customers`, {
        method: "POST",
        body,
        headers: { authorization: `Bearer ${SECRET_KEY}`, "content-type": type },
      });
    expect((await post("{}", "application/json")).status).toBe(400);
    const form = "application/x-www-form-urlencoded";
    expect((await post(new Uint8Array([0x61, 0x3d, 0xff]), form)).status).toBe(400);
    expect((await post(`a${"[a]".repeat(50)}=1`, form)).status).toBe(400);
    expect((await post(`name=${"x".repeat(1_100_000)}`, form)).status).toBe(400);
  });
});

describe("idempotency", () => {
  it("answers a repeated key with the first answer and makes one charge", async () => {
    const { client } = await aSandbox(await aShop());
    const first = await client.paymentIntents.create(paid, { idempotencyKey: "order-1" });
    const second = await client.paymentIntents.create(paid, { idempotencyKey: "order-1" });
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers["idempotent-replayed"]).toBe("true");
    expect(second.lastResponse.headers["original-request"]).toBe(first.lastResponse.requestId);
    expect((await client.charges.list()).data).toHaveLength(1);
  });

  it("refuses a key that was used with other parameters or elsewhere", async () => {
    const { client } = await aSandbox(await aShop());
    await client.paymentIntents.create(paid, { idempotencyKey: "k" });
    for (const call of [
      client.paymentIntents.create({ ...paid, amount: 9900 }, { idempotencyKey: "k" }),
      client.customers.create({}, { idempotencyKey: "k" }),
    ]) {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
      expect(error.statusCode).toBe(400);
    }
    expect((await client.charges.list()).data).toHaveLength(1);
  });

  it("repeats a decline, but lets a corrected request use the key of a malformed one", async () => {
    const { client } = await aSandbox(await aShop());
    const declined = { ...paid, payment_method: "pm_card_chargeDeclined" };
    const options = { idempotencyKey: "declined" };
    const first = await failureOf(client.paymentIntents.create(declined, options));
    const second = await failureOf(client.paymentIntents.create(declined, options));
    expect(second.payment_intent?.id).toBe(first.payment_intent?.id);
    expect((await client.charges.list()).data).toHaveLength(1);
    await failureOf(client.paymentIntents.create({ ...paid, amount: 1 }, { idempotencyKey: "m" }));
    const corrected = await client.paymentIntents.create(paid, { idempotencyKey: "m" });
    expect(corrected.status).toBe("succeeded");
  });

  it("refuses a second request while the first with the key is in progress", async () => {
    const { client, control } = await aSandbox(await aShop());
    await control("/faults", { latency_ms: 150 });
    const calls = [1, 2].map(() => client.paymentIntents.create(paid, { idempotencyKey: "twice" }));
    const results = await Promise.allSettled(calls);
    const reasons = results.flatMap((r) => (r.status === "rejected" ? [r.reason] : []));
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" });
    expect((await client.charges.list()).data).toHaveLength(1);
  });
});

describe("outages", () => {
  it.each(["unavailable", "reset", "lost_reply"])(
    "charges once when the SDK retries after: %s",
    async (outage) => {
      const { stripe, control, sandbox } = await aSandbox(await aShop());
      await control("/faults", { outage, count: 1, match: "POST /v1/payment_intents" });
      const client = stripe({ maxNetworkRetries: 2 });
      const intent = await client.paymentIntents.create(paid);
      expect(intent.status).toBe("succeeded");
      const charges = await client.charges.list();
      expect(charges.data.map((charge) => charge.payment_intent)).toEqual([intent.id]);
      const posts = sandbox.requests().filter(({ method }) => method === "POST");
      expect(posts.map(({ is_replayed }) => is_replayed)).toEqual([false, outage === "lost_reply"]);
    },
  );

  it("lets a client time out although the charge happened, and find it with the same key", async () => {
    const { stripe, control } = await aSandbox(await aShop());
    await control("/faults", { outage: "lost_reply", count: 1, hang_ms: 5000 });
    const hasty = stripe({ timeout: 150 });
    const options = { idempotencyKey: "order-7" };
    const error = await failureOf(hasty.paymentIntents.create(paid, options));
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    const again = await hasty.paymentIntents.create(paid, options);
    expect(again.lastResponse.headers["idempotent-replayed"]).toBe("true");
    expect((await hasty.charges.list()).data).toHaveLength(1);
  });

  it("fails for good when the outage outlasts the retries, with nothing done", async () => {
    const { client, control } = await aSandbox(await aShop());
    await control("/faults", { outage: "unavailable" });
    expect(await failureOf(client.paymentIntents.create(paid))).toMatchObject({ statusCode: 503 });
    await control("/faults", { outage: "rate_limited" });
    expect(await failureOf(client.paymentIntents.create(paid))).toBeInstanceOf(
      Stripe.errors.StripeRateLimitError,
    );
    await control("/faults", undefined, "DELETE");
    expect((await client.paymentIntents.list()).data).toEqual([]);
  });
});

describe("checkout sessions", () => {
  it("is paid on the hosted page, after a declined card, and returns to the shop", async () => {
    const shop = await aShop();
    const { client } = await aSandbox(shop);
    const session = await aSession(client);
    expect(session).toMatchObject({
      status: "open",
      payment_status: "unpaid",
      amount_total: 2500,
      payment_intent: null,
    });
    const url = String(session.url);
    const page = await (await fetch(url)).text();
    for (const part of ["Kettle &lt;b&gt;", "2 × $12.50", "Pay $25.00", "4000 0025 0000 3155"]) {
      expect(page).toContain(part);
    }
    expect(page).not.toContain("<script");

    const refused = await submit(url, card("4000 0000 0000 9995"));
    expect(refused.status).toBe(402);
    expect(await shown(refused)).toContain("Your card has insufficient funds.");
    expect((await client.checkout.sessions.retrieve(session.id)).status).toBe("open");

    const done = await submit(url, card("4242 4242 4242 4242"));
    expect(done.headers.get("location")).toBe(`https://shop.test/done?session=${session.id}`);
    const after = await client.checkout.sessions.retrieve(session.id, {
      expand: ["payment_intent.latest_charge", "line_items"],
    });
    expect(after).toMatchObject({
      status: "complete",
      payment_status: "paid",
      client_reference_id: "order-1",
      metadata: { order_id: "order-1" },
      customer_details: { email: "ada@example.com" },
      payment_intent: { metadata: { order_id: "order-1" }, latest_charge: { paid: true } },
    });
    expect(after.line_items?.data[0]).toMatchObject({ quantity: 2, amount_total: 2500 });
    await eventually(() => expect(shop.types()).toContain("checkout.session.completed"));

    // A second click on the button that was pressed already.
    const twice = await submit(url, card("4242 4242 4242 4242"));
    expect(twice.headers.get("location")).toContain(session.id);
    const charges = await client.charges.list();
    expect(charges.data.filter(({ paid: isPaid }) => isPaid)).toHaveLength(1);
  });

  it("asks for 3-D Secure on a page of its own; failing leads back, completing pays", async () => {
    const { client } = await aSandbox(await aShop());
    const session = await aSession(client);
    const url = String(session.url);
    const challenge = async () =>
      (await submit(url, card("4000002500003155"))).headers.get("location") ?? "";
    const failed = await submit(await challenge(), { answer: "fail" });
    expect(failed.headers.get("location")).toBe(`/c/pay/${session.id}`);
    expect(await shown(await fetch(url))).toContain("We are unable to authenticate");
    const passed = await submit(await challenge(), { answer: "complete" });
    expect(passed.headers.get("location")).toContain("https://shop.test/done");
    const after = await client.checkout.sessions.retrieve(session.id);
    expect(after.payment_status).toBe("paid");
    const list = await client.checkout.sessions.list({
      payment_intent: String(after.payment_intent),
    });
    expect(list.data.map(({ id }) => id)).toEqual([session.id]);
  });

  it("shows what is wrong with a form and charges nothing", async () => {
    const { client } = await aSandbox(await aShop());
    const url = String((await aSession(client)).url);
    for (const [fields, message] of [
      [{ ...card("4242424242424241") }, "Your card number is incorrect."],
      [{ ...card("4242424242424242"), expiry: "13/40" }, "expiration month is invalid"],
      [{ ...card("4242424242424242"), email: "nobody" }, "email address is incomplete"],
      [{ ...card("4242424242424242"), cvc: "1" }, "security code is invalid"],
      [{ ...card("4111111111111111") }, "used a non test (live) card"],
    ] as const) {
      const response = await submit(url, fields);
      expect([400, 402]).toContain(response.status);
      expect(await shown(response)).toContain(message);
    }
    const charges = await client.charges.list();
    expect(charges.data.filter(({ paid: isPaid }) => isPaid)).toEqual([]);
  });

  it("expires when its time is up: nobody can pay it, and a payment under way is canceled", async () => {
    const shop = await aShop();
    const { client, control } = await aSandbox(shop);
    const session = await aSession(client, { expires_at: Math.floor(Date.now() / 1000) + 1800 });
    const url = String(session.url);
    const challenge = (await submit(url, card("4000002500003155"))).headers.get("location") ?? "";
    await control("/advance", { seconds: 1801 });
    const after = await client.checkout.sessions.retrieve(session.id, {
      expand: ["payment_intent"],
    });
    expect(after).toMatchObject({ status: "expired", payment_intent: { status: "canceled" } });
    await submit(challenge, { answer: "complete" });
    expect((await submit(url, card("4242424242424242"))).status).toBe(410);
    expect((await client.charges.list()).data).toEqual([]);
    await eventually(() => expect(shop.types()).toContain("checkout.session.expired"));
  });

  it("is expired by the shop while open, not when paid", async () => {
    const { client, control } = await aSandbox(await aShop());
    const open = await aSession(client);
    expect((await client.checkout.sessions.expire(open.id)).status).toBe("expired");
    expect((await control(`/sessions/${open.id}/pay`, {})).status).toBe(400);
    const done = await aSession(client);
    await control(`/sessions/${done.id}/pay`, {});
    const again = await control(`/sessions/${done.id}/pay`, {});
    expect(again).toMatchObject({ status: 200, body: { payment_status: "paid" } });
    expect((await client.charges.list()).data).toHaveLength(1);
    expect(await failureOf(client.checkout.sessions.expire(done.id))).toMatchObject({
      statusCode: 400,
    });
  });

  it("is paid without a browser, with any test card", async () => {
    const { client, control } = await aSandbox(await aShop());
    const pay = async (body: object) => {
      const session = await aSession(client);
      return control(`/sessions/${session.id}/pay`, body);
    };
    expect(await pay({})).toMatchObject({
      status: 200,
      body: { status: "complete", payment_status: "paid" },
    });
    expect(await pay({ card: "4000 0000 0000 0002" })).toMatchObject({
      status: 402,
      body: { error: { code: "card_declined", decline_code: "generic_decline" } },
    });
    expect(await pay({ card: "pm_card_threeDSecure2Required" })).toMatchObject({
      body: { payment_status: "paid" },
    });
    expect(await pay({ card: "4000002500003155", challenge: "fail" })).toMatchObject({
      status: 402,
    });
    expect(await pay({ card: "4000002500003155", challenge: "leave" })).toMatchObject({
      body: { status: "open", payment_intent_status: "requires_action" },
    });
    expect(await pay({ colour: "red" })).toMatchObject({ status: 400 });
  });

  it("adds up lines, discount and shipping to the last unit", async () => {
    const { client } = await aSandbox(await aShop());
    const coupon = await client.coupons.create({
      amount_off: 100,
      currency: "usd",
      duration: "once",
    });
    const line = (unit_amount: number) => ({
      quantity: 1,
      price_data: { currency: "usd", unit_amount, product_data: { name: "Cup" } },
    });
    const session = await aSession(client, {
      line_items: [line(333), line(333), line(334)],
      discounts: [{ coupon: coupon.id }],
      shipping_options: [
        {
          shipping_rate_data: {
            display_name: "Standard",
            type: "fixed_amount",
            fixed_amount: { amount: 495, currency: "usd" },
          },
        },
      ],
    });
    expect(session).toMatchObject({
      amount_subtotal: 1000,
      amount_total: 1395,
      total_details: { amount_discount: 100, amount_shipping: 495 },
    });
    const lines = await client.checkout.sessions.listLineItems(session.id);
    expect(lines.data.reduce((sum, { amount_discount }) => sum + amount_discount, 0)).toBe(100);
  });
});

describe("refunds", () => {
  it("refunds in parts up to the charge and never more", async () => {
    const shop = await aShop();
    const { client } = await aSandbox(shop);
    const { id } = await client.paymentIntents.create(paid);
    const part = await client.refunds.create({
      payment_intent: id,
      amount: 1000,
      reason: "requested_by_customer",
    });
    expect(part).toMatchObject({ status: "succeeded", amount: 1000, payment_intent: id });
    const tooMuch = await failureOf(client.refunds.create({ payment_intent: id, amount: 1501 }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: "amount" });
    expect(tooMuch.message).toBe(
      "Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)",
    );
    await client.refunds.create({ payment_intent: id });
    expect(await failureOf(client.refunds.create({ payment_intent: id }))).toMatchObject({
      statusCode: 400,
      code: "charge_already_refunded",
    });
    const charge = await client.charges.retrieve(String(part.charge));
    expect(charge).toMatchObject({ amount_refunded: 2500, refunded: true });
    const listed = await client.refunds.list({ payment_intent: id });
    expect(listed.data.map(({ amount }) => amount)).toEqual([1500, 1000]);
    await eventually(() =>
      expect(
        shop
          .types()
          .filter((type) => /refund/.test(type))
          .toSorted(),
      ).toEqual(["charge.refunded", "charge.refunded", "refund.created", "refund.created"]),
    );
  });

  it("refunds nothing that was not paid", async () => {
    const { client } = await aSandbox(await aShop());
    const open = await client.paymentIntents.create({ amount: 2500, currency: "usd" });
    expect(await failureOf(client.refunds.create({ payment_intent: open.id }))).toMatchObject({
      statusCode: 400,
    });
  });

  it("tells later that a refund succeeded or failed, and gives back what failed", async () => {
    const shop = await aShop();
    const { client, control } = await aSandbox(shop);
    const refundOf = async (method: string) => {
      const { id } = await client.paymentIntents.create({ ...paid, payment_method: method });
      return client.refunds.create({ payment_intent: id });
    };
    const slow = await refundOf("pm_card_pendingRefund");
    const failing = await refundOf("pm_card_refundFail");
    expect([slow.status, failing.status]).toEqual(["pending", "succeeded"]);
    await control("/advance", { seconds: 10 });
    expect((await client.refunds.retrieve(slow.id)).status).toBe("succeeded");
    expect((await client.refunds.retrieve(failing.id)).status).toBe("failed");
    expect(await client.charges.retrieve(String(failing.charge))).toMatchObject({
      amount_refunded: 0,
      refunded: false,
    });
    await eventually(() =>
      expect(shop.types()).toEqual(expect.arrayContaining(["refund.updated", "refund.failed"])),
    );
  });
});

describe("lists", () => {
  it("pages through everything with the SDK's own iteration", async () => {
    const { client } = await aSandbox(await aShop());
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.unshift((await client.customers.create()).id);
    const first = await client.customers.list({ limit: 3 });
    expect(first).toMatchObject({ has_more: true, url: "/v1/customers" });
    const all = await client.customers.list({ limit: 3 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ id }) => id)).toEqual(made);
    const before = await client.customers.list({ limit: 2, ending_before: String(made[3]) });
    expect(before.data.map(({ id }) => id)).toEqual(made.slice(1, 3));
  });

  it("keeps every event, as it was, for a shop that missed the webhook", async () => {
    const { client } = await aSandbox(await aShop(() => 500), { webhookRetryDelays: [] });
    const intent = await client.paymentIntents.create({ amount: 2500, currency: "usd" });
    await client.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" });
    const [created] = (await client.events.list({ type: "payment_intent.created" })).data;
    expect(created?.data.object).toMatchObject({
      id: intent.id,
      status: "requires_payment_method",
    });
    const again = await client.events.retrieve(String(created?.id));
    expect(again).toEqual(created);
  });
});

describe("webhooks", () => {
  it("tries again until the shop takes the event, with the same id and a fresh signature", async () => {
    const shop = await aShop((_, count) => (count <= 2 ? 500 : 200));
    const { client, control } = await aSandbox(shop);
    await client.customers.create();
    await eventually(() => expect(shop.received).toHaveLength(3));
    expect(new Set(shop.received.map(({ event }) => event.id)).size).toBe(1);
    expect(shop.rejected).toEqual([]);
    await eventually(async () => {
      const { body } = await control("/deliveries?state=delivered", undefined, "GET");
      expect(body.data[0].attempts.map(({ status }: { status: number }) => status)).toEqual([
        500, 500, 200,
      ]);
    });
  });

  it("gives up after the last attempt, and sends again on request", async () => {
    const shop = await aShop((_, count) => (count <= 2 ? 500 : 200));
    const { client, control } = await aSandbox(shop, { webhookRetryDelays: [10] });
    await client.customers.create();
    await eventually(async () => {
      const { body } = await control("/deliveries?state=failed", undefined, "GET");
      expect(body.data).toHaveLength(1);
    });
    const { event } = shop.received[0] ?? {};
    await control(`/events/${event?.id}/resend`);
    expect(shop.received).toHaveLength(3);
  });

  it("delivers each event twice, at the same time, when asked to", async () => {
    const shop = await aShop();
    const { client, control } = await aSandbox(shop);
    await control("/webhooks", { mode: "duplicate" });
    await client.paymentIntents.create(paid);
    await eventually(() => expect(shop.received).toHaveLength(6));
    expect(new Set(shop.received.map(({ event }) => event.id)).size).toBe(3);
  });

  it("delivers a batch newest first when asked to", async () => {
    const shop = await aShop();
    const { client, control } = await aSandbox(shop);
    await control("/webhooks", { mode: "reversed", batch: 3 });
    await client.paymentIntents.create(paid);
    await eventually(() =>
      expect(shop.types()).toEqual([
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
      ]),
    );
  });

  it("holds events until they are flushed", async () => {
    const shop = await aShop();
    const { client, control } = await aSandbox(shop);
    await control("/webhooks", { mode: "held" });
    await client.paymentIntents.create(paid);
    const { body } = await control("/deliveries?state=held", undefined, "GET");
    expect(body.data).toHaveLength(3);
    expect(shop.received).toEqual([]);
    expect((await control("/webhooks/flush", { order: "oldest_first" })).body).toEqual({
      released: 3,
    });
    expect(shop.types()).toEqual([
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.succeeded",
    ]);
  });

  it("serves endpoints that the shop registers, with their own secret and events", async () => {
    const shop = await aShop();
    const { client } = await aSandbox(shop, {
      webhookUrl: "http://127.0.0.1:9/nobody",
      webhookRetryDelays: [],
    });
    const endpoint = await client.webhookEndpoints.create({
      url: shop.url,
      enabled_events: ["charge.succeeded"],
    });
    expect(endpoint.secret).toMatch(/^whsec_/);
    await client.paymentIntents.create(paid);
    // Signed with the endpoint's secret, so the shop, which knows another one, refuses it.
    await eventually(() => expect(shop.rejected).toHaveLength(1));
    expect(shop.received).toEqual([]);
  });
});

describe("the sandbox itself", () => {
  it("takes up open payments, keys and undelivered events after a restart", async () => {
    const stateFile = join(await aFolder(), "state", "stripe.ndjson");
    let isOpen = false;
    const shop = await aShop(() => (isOpen ? 200 : 500));
    const before = await aSandbox(shop, { stateFile, webhookRetryDelays: [60_000] });
    const session = await aSession(before.client);
    const intent = await before.client.paymentIntents.create(paid, { idempotencyKey: "k" });
    await eventually(() => expect(shop.received).toHaveLength(3));
    await before.stop();

    isOpen = true;
    const after = await aSandbox(shop, { stateFile });
    await eventually(() => expect(shop.received.length).toBeGreaterThanOrEqual(6));
    const replayed = await after.client.paymentIntents.create(paid, { idempotencyKey: "k" });
    expect(replayed.id).toBe(intent.id);
    const { body } = await after.control(`/sessions/${session.id}/pay`, {});
    expect(body.payment_status).toBe("paid");
    await after.control("/advance", { seconds: 100_000 });
    expect((await after.client.checkout.sessions.retrieve(session.id)).status).toBe("complete");
  });

  it("starts from a file whose last line was cut off by a crash", async () => {
    const stateFile = join(await aFolder(), "stripe.ndjson");
    const before = await aSandbox(await aShop(), { stateFile });
    const session = await aSession(before.client);
    await before.stop();
    await appendFile(stateFile, '["sessions","cs_test_x",{"id":"cs_te');
    const { client } = await aSandbox(await aShop(), { stateFile });
    expect((await client.checkout.sessions.retrieve(session.id)).status).toBe("open");
    expect((await client.checkout.sessions.list()).data).toHaveLength(1);
  });

  it("keeps what it answered even when it is killed right after", async () => {
    const stateFile = join(await aFolder(), "stripe.ndjson");
    const { client } = await aSandbox(await aShop(), { stateFile });
    const intent = await client.paymentIntents.create(paid);
    // A second one on the same file sees only what the first had written by now.
    const other = await aSandbox(await aShop(), { stateFile });
    expect((await other.client.paymentIntents.retrieve(intent.id)).status).toBe("succeeded");
  });

  it("serves the SDK in Deno as in Node", async () => {
    const { port } = await aSandbox(await aShop());
    const { stdout } = await promisify(execFile)("node_modules/.bin/deno", [
      ...["run", "--no-config", "--node-modules-dir=manual", "--allow-all"],
      "tests/functions/stripe-sandbox-client.ts",
      String(port),
    ]);
    expect(JSON.parse(stdout)).toEqual({
      status: "succeeded",
      error: { type: "StripeCardError", code: "card_declined" },
      charges: [true, false, true],
    });
  });

  it("counts what was charged and refunded, and forgets it on reset", async () => {
    const { client, control } = await aSandbox(await aShop());
    const intent = await client.paymentIntents.create(paid);
    await client.paymentIntents.create({ ...paid, currency: "eur" });
    await client.refunds.create({ payment_intent: intent.id, amount: 500 });
    const { body } = await control("/status", undefined, "GET");
    expect(body.charged).toEqual({
      usd: { charges: 1, taken: 2500, refunded: 500 },
      eur: { charges: 1, taken: 2500, refunded: 0 },
    });
    await control("/reset");
    expect((await client.events.list()).data).toEqual([]);
  });

  it("lets only this machine control it", async () => {
    const { url, sandbox } = await aSandbox(await aShop());
    const foreign = await fetch(`${url}/_sandbox/status`, {
      headers: { origin: "https://evil.test" },
    });
    expect(foreign.status).toBe(403);
    const request = new Request("http://127.0.0.1/_sandbox/status");
    expect((await sandbox.fetch(request, { address: "192.168.1.9" })).status).toBe(403);
    const rebound = new Request("http://evil.test/_sandbox/status");
    expect((await sandbox.fetch(rebound, { address: "127.0.0.1" })).status).toBe(403);
  });
});
