import type { Session, SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHourlyLimit } from "../../../stack/auth/rate-limit.ts";
import {
  anAddress,
  authSettings,
  latestMail,
  type Platform,
  startPlatform,
} from "./local-stack.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);

afterAll(() => platform.stop());

const aGuest = async () => {
  const client = platform.client();
  const { data, error } = await client.auth.signInAnonymously({
    options: { data: { from: "landing" } },
  });
  expect(error).toBeNull();
  return { client, id: data.user?.id ?? "", user: data.user, session: data.session };
};

const claimsOf = (session: Session | null) => platform.tokens.verify(session?.access_token ?? "");

const ownNotes = async (client: SupabaseClient) => {
  const { data } = await client.from("notes").select("body, owner_id");
  return data;
};

describe("guests", () => {
  test("signing in anonymously makes a user without address and a token that says so", async () => {
    const { id, user, session } = await aGuest();
    expect(user).toMatchObject({
      email: "",
      is_anonymous: true,
      role: "authenticated",
      identities: [],
      user_metadata: { from: "landing" },
    });
    expect(await claimsOf(session)).toMatchObject({
      sub: id,
      role: "authenticated",
      email: "",
      is_anonymous: true,
      amr: [{ method: "anonymous" }],
      aal: "aal1",
    });
  });

  test("getUser still calls a guest a guest", async () => {
    const { client, id } = await aGuest();
    const { data } = await client.auth.getUser();
    expect(data.user).toMatchObject({ id, is_anonymous: true });
  });

  test("a refreshed guest stays the same guest", async () => {
    const { client, id, session } = await aGuest();
    const { data, error } = await client.auth.refreshSession();
    expect(error).toBeNull();
    expect(data.user).toMatchObject({ id, is_anonymous: true });
    expect(data.session?.refresh_token).not.toBe(session?.refresh_token);
    const [before, after] = [await claimsOf(session), await claimsOf(data.session)];
    expect(after).toMatchObject({ sub: id, is_anonymous: true, session_id: before.session_id });
  });

  test("a guest writes and sees only rows of its own", async () => {
    const [ada, bo] = [await aGuest(), await aGuest()];
    expect((await ada.client.from("notes").insert({ body: "mine" })).error).toBeNull();
    expect(await ownNotes(ada.client)).toEqual([{ body: "mine", owner_id: ada.id }]);
    expect(await ownNotes(bo.client)).toEqual([]);
    const forged = await bo.client.from("notes").insert({ body: "yours?", owner_id: ada.id });
    expect(forged.error?.code).toBe("42501");
  });

  test("a guest becomes a full account with the same id and rows", async () => {
    const { client, id } = await aGuest();
    await client.from("notes").insert({ body: "before" });
    const email = anAddress("ada");
    const { data, error } = await client.auth.updateUser({ email, password: "long enough now" });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id,
      email,
      is_anonymous: false,
      identities: [{ provider: "email", email }],
      app_metadata: { provider: "email", providers: ["email"] },
    });

    const refreshed = await client.auth.refreshSession();
    expect(await claimsOf(refreshed.data.session)).toMatchObject({ is_anonymous: false, email });

    const elsewhere = platform.client();
    const signedIn = await elsewhere.auth.signInWithPassword({
      email,
      password: "long enough now",
    });
    expect(signedIn.data.user?.id).toBe(id);
    expect(await ownNotes(elsewhere)).toEqual([{ body: "before", owner_id: id }]);
  });

  test("a guest cannot take over an address that somebody has", async () => {
    const email = anAddress("ada");
    await platform.client().auth.signUp({ email, password: "long enough now" });
    const { client } = await aGuest();
    const { error } = await client.auth.updateUser({ email, password: "long enough too" });
    expect(error).toMatchObject({ status: 422, code: "email_exists" });
    expect((await client.auth.getUser()).data.user?.is_anonymous).toBe(true);
  });

  test("a guest cannot set a password without an address", async () => {
    const { client } = await aGuest();
    const { error } = await client.auth.updateUser({ password: "long enough now" });
    expect(error).toMatchObject({ status: 422, code: "validation_failed" });
  });

  test("a weak password leaves the guest as it was", async () => {
    const { client } = await aGuest();
    const { error } = await client.auth.updateUser({ email: anAddress("ada"), password: "short" });
    expect(error).toMatchObject({ status: 422, code: "weak_password" });
    expect((await client.auth.getUser()).data.user).toMatchObject({
      email: "",
      is_anonymous: true,
    });
  });

  test("data that is no object is refused", async () => {
    const response = await fetch(`${platform.url}/auth/v1/signup`, {
      method: "POST",
      headers: { apikey: platform.keys.publishable, "content-type": "application/json" },
      body: JSON.stringify({ data: "text" }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: "bad_json" });
  });
});

describe("guests under other settings", () => {
  test("anonymous sign-in is refused when the project turned it off", async () => {
    const off = await startPlatform(
      { ...authSettings, enable_anonymous_sign_ins: false },
      platform,
    );
    const { error } = await off.client().auth.signInAnonymously();
    await off.stop();
    expect(error).toMatchObject({ status: 422, code: "anonymous_provider_disabled" });
  });

  test("an address gets no more guests than the hourly limit", async () => {
    const few = await startPlatform(
      { ...authSettings, rate_limit: { anonymous_users: 2 } },
      platform,
    );
    const answers = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      answers.push(await few.client().auth.signInAnonymously());
    }
    await few.stop();
    expect(answers.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      "over_request_rate_limit",
    ]);
    expect(answers[2]?.error?.status).toBe(429);
  });

  test("with confirmations on, a guest stays one until the mail's link is followed", async () => {
    const confirming = { ...authSettings.email, enable_confirmations: true };
    const strict = await startPlatform({ ...authSettings, email: confirming }, platform);
    const client = strict.client();
    const { data: guest } = await client.auth.signInAnonymously();
    const email = anAddress("ada");
    const asked = await client.auth.updateUser({ email });
    expect(asked.data.user).toMatchObject({ is_anonymous: true, new_email: email });

    const { code } = await latestMail(strict, email);
    const { data, error } = await client.auth.verifyOtp({
      email,
      token: code,
      type: "email_change",
    });
    await strict.stop();
    expect(error).toBeNull();
    expect(data.user).toMatchObject({ id: guest.user?.id, email, is_anonymous: false });
  });
});

test("the hourly limit refills with time and counts every address alone", () => {
  let now = 0;
  const limit = createHourlyLimit(2, () => now);
  expect([limit.take("a"), limit.take("a"), limit.take("a"), limit.take("b")]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  now += 30 * 60_000;
  expect([limit.take("a"), limit.take("a")]).toEqual([true, false]);
});
