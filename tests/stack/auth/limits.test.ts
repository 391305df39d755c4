import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLimit } from "../../../stack/auth/limits.ts";
import type { Database } from "../../../stack/database/database.ts";
import { anAddress, password } from "../../platform/support/people.ts";
import { openAuthDatabase, ownAuth } from "./own-auth.ts";

let database: Database;

beforeAll(async () => {
  database = await openAuthDatabase();
});

afterAll(() => database.close());

const elsewhere = "192.0.2.7";

describe("limits of requests", () => {
  test("an address gets no more guests in an hour than config.toml says, others go on", async () => {
    const auth = await ownAuth(database, { rate_limit: { anonymous_users: 2 } });
    const codes = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      codes.push((await auth.client().auth.signInAnonymously()).error?.code);
    }
    expect(codes).toEqual([undefined, undefined, "over_request_rate_limit"]);
    expect((await auth.client(elsewhere).auth.signInAnonymously()).error).toBeNull();
  });

  const burst = 30;

  test.each([
    ["sign-ups", "sign_in_sign_ups", "/signup", { email: "x" }],
    ["tokens", "token_refresh", "/token?grant_type=password", {}],
    ["verifications", "token_verifications", "/verify", {}],
    ["recoveries", "sign_in_sign_ups", "/recover", {}],
    ["codes", "sign_in_sign_ups", "/otp", {}],
  ])("of %s: thirty at once, then as many as the rate allows", async (_, limit, path, body) => {
    const auth = await ownAuth(database, { rate_limit: { [limit]: 2 } });
    const post = (peer?: string) =>
      auth.ask(path, { method: "POST", body: JSON.stringify(body) }, peer);
    for (let attempt = 0; attempt < burst; attempt += 1) {
      expect((await post()).status).not.toBe(429);
    }
    const refused = await post();
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      error_code: "over_request_rate_limit",
      msg: "Request rate limit reached",
    });
    // Two in five minutes are one in a hundred and fifty seconds.
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(140);
    expect((await post(elsewhere)).status).not.toBe(429);
  });
});

describe("limits of mails", () => {
  test("one user gets mails of a kind no faster than max_frequency", async () => {
    const auth = await ownAuth(database, { email: { max_frequency: "1m" } });
    const email = anAddress("ada");
    await auth.client().auth.signUp({ email, password });
    expect((await auth.client().auth.resetPasswordForEmail(email)).error).toBeNull();
    const { error } = await auth.client().auth.resetPasswordForEmail(email);
    expect(error).toMatchObject({ status: 429, code: "over_email_send_rate_limit" });
    expect(error?.message).toMatch(
      /^For security purposes, you can only request this after 5\d seconds\.$/,
    );
    expect(auth.mails).toHaveLength(1);
  });

  test("the project sends no more in an hour than config.toml says, once it has SMTP", async () => {
    const auth = await ownAuth(database, {
      rate_limit: { email_sent: 3 },
      email: { smtp: { enabled: true }, enable_confirmations: true, max_frequency: "0s" },
    });
    const email = anAddress("ada");
    await auth.client().auth.signUp({ email, password });
    const ask = () => auth.client().auth.resetPasswordForEmail(email);
    expect([(await ask()).error, (await ask()).error]).toEqual([null, null]);
    const { code: kept } = auth.mailTo(email);
    expect((await ask()).error).toMatchObject({
      status: 429,
      code: "over_email_send_rate_limit",
      message: "email rate limit exceeded",
    });
    const verified = await auth.client().auth.verifyOtp({ email, token: kept, type: "recovery" });
    expect(verified.error, "a mail that was not sent takes no code away").toBeNull();
  });

  test.each([
    ["without SMTP the local inbox takes any number", { enable_confirmations: true }],
    ["without confirmations none is counted", { smtp: { enabled: true } }],
  ])("%s", async (_, given) => {
    const auth = await ownAuth(database, {
      rate_limit: { email_sent: 1 },
      email: { max_frequency: "0s", ...given },
    });
    const email = anAddress("ada");
    await auth.client().auth.signUp({ email, password });
    const ask = () => auth.client().auth.resetPasswordForEmail(email);
    expect([(await ask()).error, (await ask()).error]).toEqual([null, null]);
  });
});

test("a bucket refills with time, and every key has its own", () => {
  let now = 0;
  const limit = createLimit({
    burst: 2,
    perSecond: 1 / 1800,
    refusal: { code: "over_request_rate_limit", message: "Request rate limit reached" },
    now: () => now,
  });
  const granted = (key: string) => {
    try {
      limit.take(key);
      return true;
    } catch {
      return false;
    }
  };
  expect(["a", "a", "a", "b"].map(granted)).toEqual([true, true, false, true]);
  now += 1_800_000;
  expect(["a", "a"].map(granted)).toEqual([true, false]);
});
