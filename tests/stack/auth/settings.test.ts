import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AuthSettings } from "../../../stack/auth/settings.ts";
import type { Database } from "../../../stack/database/database.ts";
import { anAddress, claimsOf, password } from "../../platform/support/people.ts";
import { openAuthDatabase, ownAuth } from "./own-auth.ts";

let database: Database;

beforeAll(async () => {
  database = await openAuthDatabase();
});

afterAll(() => database.close());

describe("what config.toml turns off is refused", () => {
  test("sign-ups, of guests and by mail too", async () => {
    const auth = await ownAuth(database, { enable_signup: false });
    const email = anAddress("ada");
    const answers = [
      await auth.client().auth.signUp({ email, password }),
      await auth.client().auth.signInAnonymously(),
      await auth.client().auth.signInWithOtp({ email }),
    ];
    for (const { error } of answers) {
      expect(error).toMatchObject({ status: 422, code: "signup_disabled" });
    }
    expect(auth.mails).toEqual([]);
  });

  test("anonymous sign-ins", async () => {
    const auth = await ownAuth(database, { enable_anonymous_sign_ins: false });
    const { error } = await auth.client().auth.signInAnonymously();
    expect(error).toMatchObject({ status: 422, code: "anonymous_provider_disabled" });
  });

  test.each([{ enabled: false }, { enable_signup: false }])("addresses: %j", async (email) => {
    const auth = await ownAuth(database, { email });
    const credentials = { email: anAddress("ada"), password };
    const up = await auth.client().auth.signUp(credentials);
    expect(up.error).toMatchObject({ status: 400, code: "email_provider_disabled" });
    const signedIn = await auth.client().auth.signInWithPassword(credentials);
    expect(signedIn.error).toMatchObject({ status: 422, code: "email_provider_disabled" });
    const link = await auth.client().auth.signInWithOtp(credentials);
    expect(link.error).toMatchObject({ status: 422, code: "email_provider_disabled" });
    const recovery = await auth.client().auth.resetPasswordForEmail(credentials.email);
    expect(recovery.error).toMatchObject({ status: 400, code: "email_provider_disabled" });
    const again = await auth.client().auth.resend({ type: "signup", email: credentials.email });
    expect(again.error).toMatchObject({ status: 400, code: "email_provider_disabled" });
  });
});

describe("passwords", () => {
  const weak = "alllowercase";
  test.each([
    ["letters_digits", "has letters only", "abc123abc"],
    ["lower_upper_letters_digits", "has no capital", "Abc123abc"],
    ["lower_upper_letters_digits_symbols", "has no symbol", "Abc123-abc"],
  ])("%s refuses one that %s", async (password_requirements, _, strong) => {
    const auth = await ownAuth(database, { password_requirements });
    const up = (attempt: string) =>
      auth.client().auth.signUp({ email: anAddress("ada"), password: attempt });
    const { error } = await up(weak);
    expect(error).toMatchObject({ status: 422, code: "weak_password", reasons: ["characters"] });
    expect((await up(strong)).error).toBeNull();
  });

  test("that became too weak still sign in, and the answer says so", async () => {
    const email = anAddress("ada");
    const before = await ownAuth(database);
    await before.client().auth.signUp({ email, password: weak });
    const after = await ownAuth(database, { minimum_password_length: 20 });
    const { data, error } = await after.client().auth.signInWithPassword({ email, password: weak });
    expect(error).toBeNull();
    expect(data).toMatchObject({ weakPassword: { reasons: ["length"] } });
  });

  test("change only with the old one where config.toml asks for it, but after a mail", async () => {
    const auth = await ownAuth(database, {
      email: { require_current_password: true, max_frequency: "0s" },
    });
    const client = auth.client();
    const email = anAddress("ada");
    await client.auth.signUp({ email, password });
    const change = (next: string, current_password?: string) =>
      client.auth.updateUser({ password: next, ...(current_password && { current_password }) });
    const bare = await change("a fresh one");
    expect(bare.error).toMatchObject({ status: 400, code: "current_password_required" });
    const wrong = await change("a fresh one", "not this one");
    expect(wrong.error).toMatchObject({ status: 400, code: "current_password_invalid" });
    expect((await change("a fresh one", password)).error).toBeNull();

    await client.auth.resetPasswordForEmail(email);
    await client.auth.verifyOtp({ email, token: auth.mailTo(email).code, type: "recovery" });
    expect((await change("forgotten before")).error).toBeNull();
  });

  test("change only with a code from the mailbox once the session is a day old", async () => {
    const auth = await ownAuth(database, {
      email: { secure_password_change: true, max_frequency: "0s" },
    });
    const client = auth.client();
    const email = anAddress("ada");
    const { data } = await client.auth.signUp({ email, password });
    expect((await client.auth.updateUser({ password: "a fresh one" })).error).toBeNull();

    await database.query(
      "update auth.sessions set created_at = now() - interval '25 hours' where id = $1::uuid",
      [claimsOf(data.session).session_id],
    );
    const bare = await client.auth.updateUser({ password: "one more yet" });
    expect(bare.error).toMatchObject({ status: 400, code: "reauthentication_needed" });
    const same = await client.auth.updateUser({ password: "a fresh one" });
    expect(same.error?.code, "who may be somebody else learns nothing of the old one").toBe(
      "reauthentication_needed",
    );
    await client.auth.reauthenticate();
    const { code } = auth.mailTo(email);
    const nonce = code === "000000" ? "000001" : "000000";
    const wrong = await client.auth.updateUser({ password: "one more yet", nonce });
    expect(wrong.error).toMatchObject({ status: 422, code: "reauthentication_not_valid" });
    const right = await client.auth.updateUser({ password: "one more yet", nonce: code });
    expect(right.error).toBeNull();
  });
});

describe("sessions", () => {
  const aged = async (userId: string | undefined, age: string) => {
    await database.query(
      `update auth.sessions set
         created_at = now() - $2::interval,
         refreshed_at = (now() - $2::interval) at time zone 'utc'
       where user_id = $1::uuid`,
      [userId, age],
    );
    await database.query(
      "update auth.refresh_tokens set updated_at = now() - $2::interval where user_id = $1",
      [userId, age],
    );
  };

  test.each([
    ["inactivity_timeout", "Session Expired (Inactivity)"],
    ["timebox", "Session Expired"],
  ])("end by %s", async (key, reason) => {
    const auth = await ownAuth(database, { sessions: { [key]: "168h" } });
    const client = auth.client();
    const { data } = await client.auth.signInAnonymously();
    await aged(data.user?.id, "6 days");
    expect((await client.auth.refreshSession()).error).toBeNull();
    await aged(data.user?.id, "8 days");
    const { error } = await client.auth.refreshSession();
    expect(error).toMatchObject({
      status: 400,
      code: "session_expired",
      message: `Invalid Refresh Token: ${reason}`,
    });
  });

  test("go on after a token was used twice where rotation is off", async () => {
    const auth = await ownAuth(database, {
      enable_refresh_token_rotation: false,
      refresh_token_reuse_interval: 0,
    });
    const client = auth.client();
    const { data } = await client.auth.signInAnonymously();
    const first = data.session?.refresh_token ?? "";
    await client.auth.refreshSession();
    const { data: current } = await client.auth.refreshSession();
    const again = await auth.client().auth.refreshSession({ refresh_token: first });
    expect(again.error?.code).toBe("refresh_token_already_used");
    const refresh_token = current.session?.refresh_token ?? "";
    expect((await auth.client().auth.refreshSession({ refresh_token })).error).toBeNull();
  });

  test("last as long as jwt_expiry says, from the issuer that jwt_issuer names", async () => {
    const auth = await ownAuth(database, { jwt_expiry: 120, jwt_issuer: "https://id.example" });
    const { data } = await auth.client().auth.signInAnonymously();
    const claims = claimsOf(data.session);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(120);
    expect(claims.iss).toBe("https://id.example");
  });
});

describe("links lead only where the project allows", () => {
  test.each([
    ["http://127.0.0.1:3000/", true],
    ["http://127.0.0.1:9999/other-port-of-this-machine", true],
    ["https://shop.example/welcome", true],
    ["https://shop.example/welcome/again", false],
    ["https://a.preview.example/x", true],
    ["https://a.b.preview.example/x", false],
    ["https://docs.example/any/depth?at=all", true],
    ["app.shop://callback", true],
    ["com.my_app://callback", true],
    ["http://localhost:8080/", true],
    ["http://127.0.0.2:1234/this-machine-too", true],
    ["http://10.0.0.1/another", false],
    ["https://old.example/", true],
    ["https://new.example/", true],
    ["https://v1.api.example/", true],
    ["https://vx.api.example/", false],
    ["http://evil.example\\@127.0.0.1/", false],
    ["http://0x7f000001/", false],
    ["https://evil.example/", false],
    ["https://shop.example.evil.example/welcome", false],
    ["https://shop.example/welcome\t", false],
    ["https://2130706433/docs", false],
    ["javascript:alert(1)", false],
  ])("%s: %s", async (redirectTo, allowed) => {
    const auth = await ownAuth(database, {
      additional_redirect_urls: [
        "https://shop.example/*",
        "https://*.preview.example/**",
        "https://docs.example/**",
        "app.shop://callback",
        "com.my_app://callback",
        "http://localhost:8080/",
        "http://10.0.0.1/**",
        "https://{old,new}.example/",
        "https://v[0-9].api.example/",
      ],
      email: { max_frequency: "0s" },
    });
    const email = anAddress("ada");
    await auth.client().auth.signUp({ email, password });
    await auth.client().auth.resetPasswordForEmail(email, { redirectTo });
    const target = new URL(auth.mailTo(email).link).searchParams.get("redirect_to");
    expect(target).toBe(allowed ? redirectTo : "http://127.0.0.1:3000");
  });
});

test("durations are Go's; anything else is a mistake in config.toml", () => {
  const { sessions, email } = AuthSettings.parse({
    sessions: { timebox: "1h30m" },
    email: { max_frequency: "1m0s" },
  });
  expect([sessions.timebox, email.max_frequency]).toEqual([5400, 60]);
  expect(AuthSettings.safeParse({ sessions: { timebox: "a day" } }).success).toBe(false);
});
