import type { SupabaseClient } from "@supabase/supabase-js";
import { generate } from "otplib";
import { expect, test } from "vitest";
import { platform, publicClient, serviceClient } from "../support/platform.ts";
import { connect } from "../support/sql.ts";

const password = "correct horse battery";

/** A new user who is signed in with a password. */
const signedIn = async () => {
  const email = `${crypto.randomUUID()}@example.com`;
  const client = publicClient();
  const { data, error } = await client.auth.signUp({ email, password });
  if (error || !data.user) throw error ?? new Error("No user");
  return { client, email, userId: data.user.id };
};

const enrol = async (client: SupabaseClient, friendlyName = "phone") => {
  const { data, error } = await client.auth.mfa.enroll({ factorType: "totp", friendlyName });
  if (error) throw error;
  return data;
};

/** Enrols a factor and shows it: the client's session has two factors then. */
const protect = async (client: SupabaseClient) => {
  const factor = await enrol(client);
  const code = await generate({ secret: factor.totp.secret });
  const { data, error } = await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code });
  if (error) throw error;
  return { factor, session: data };
};

const signInAgain = async (email: string) => {
  const client = publicClient();
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return client;
};

const levels = async (client: SupabaseClient) =>
  (await client.auth.mfa.getAuthenticatorAssuranceLevel()).data;

/** A code that is not the current one, nor a neighbour's but by one chance in a million. */
const wrongCode = (code: string) => String((Number(code) + 500_000) % 1_000_000).padStart(6, "0");

test("enrolling gives what an authenticator app needs", async () => {
  const { client, email } = await signedIn();
  const { data, error } = await client.auth.mfa.enroll({
    factorType: "totp",
    friendlyName: "phone",
    issuer: "Supamarket",
  });
  expect(error).toBeNull();
  expect(data).toMatchObject({ type: "totp", friendly_name: "phone" });
  if (data?.type !== "totp") throw new Error("A TOTP factor");
  expect(data.totp.secret).toMatch(/^[A-Z2-7]{32}$/);
  const uri = new URL(data.totp.uri);
  expect(uri.protocol).toBe("otpauth:");
  expect(decodeURIComponent(uri.pathname)).toBe(`/Supamarket:${email}`);
  expect(uri.searchParams.get("secret")).toBe(data.totp.secret);
  expect(uri.searchParams.get("issuer")).toBe("Supamarket");
  expect(data.totp.qr_code).toMatch(/^data:image\/svg\+xml;utf-8,<svg/);
  // A browser would take what follows for a fragment.
  expect(data.totp.qr_code).not.toContain("#");
});

test("a factor counts once its first code was shown", async () => {
  const { client } = await signedIn();
  const factor = await enrol(client);
  expect((await client.auth.mfa.listFactors()).data).toMatchObject({
    totp: [],
    all: [{ id: factor.id, status: "unverified", friendly_name: "phone" }],
  });
  expect(await levels(client)).toMatchObject({ currentLevel: "aal1", nextLevel: "aal1" });

  const { data: challenge } = await client.auth.mfa.challenge({ factorId: factor.id });
  expect(challenge).toMatchObject({ type: "totp" });
  expect(challenge?.expires_at).toBeGreaterThan(Date.now() / 1000);
  const { data, error } = await client.auth.mfa.verify({
    factorId: factor.id,
    challengeId: challenge?.id ?? "",
    code: await generate({ secret: factor.totp.secret }),
  });
  expect(error).toBeNull();
  expect(data?.user.factors).toMatchObject([{ id: factor.id, status: "verified" }]);
  expect((await client.auth.mfa.listFactors()).data?.totp).toMatchObject([{ id: factor.id }]);
  expect(await levels(client)).toMatchObject({
    currentLevel: "aal2",
    nextLevel: "aal2",
    currentAuthenticationMethods: [{ method: "totp" }, { method: "password" }],
  });
});

test("the session's token says aal2, also after a refresh", async () => {
  const { client } = await signedIn();
  await protect(client);
  for (const _ of ["at once", "refreshed"]) {
    const { data } = await client.auth.getClaims();
    expect(data?.claims.aal).toBe("aal2");
    expect((await client.auth.refreshSession()).error).toBeNull();
  }
});

test("a new sign-in is at aal1 and may reach aal2", async () => {
  const { client, email } = await signedIn();
  const { factor } = await protect(client);
  const again = await signInAgain(email);
  expect(await levels(again)).toMatchObject({ currentLevel: "aal1", nextLevel: "aal2" });
  const { error } = await again.auth.mfa.challengeAndVerify({
    factorId: factor.id,
    code: await generate({ secret: factor.totp.secret }),
  });
  expect(error).toBeNull();
  expect(await levels(again)).toMatchObject({ currentLevel: "aal2" });
});

test("showing the factor ends the user's sessions that did not", async () => {
  const { client, email } = await signedIn();
  const other = await signInAgain(email);
  await protect(client);
  expect((await client.auth.getUser()).error).toBeNull();
  expect((await other.auth.getUser()).error).toMatchObject({ name: "AuthSessionMissingError" });
});

test("the refresh token from before the second factor is spent", async () => {
  const { client } = await signedIn();
  const { data: before } = await client.auth.getSession();
  await protect(client);
  const { data: after } = await client.auth.getSession();
  expect(after.session?.refresh_token).not.toBe(before.session?.refresh_token);
});

test("a wrong code is refused and leaves all as it was", async () => {
  const { client } = await signedIn();
  const factor = await enrol(client);
  const right = await generate({ secret: factor.totp.secret });
  const { data: challenge } = await client.auth.mfa.challenge({ factorId: factor.id });
  const answer = { factorId: factor.id, challengeId: challenge?.id ?? "" };
  const wrong = await client.auth.mfa.verify({ ...answer, code: wrongCode(right) });
  expect(wrong.error).toMatchObject({
    status: 422,
    code: "mfa_verification_failed",
    message: "Invalid TOTP code entered",
  });
  const empty = await client.auth.mfa.verify({ ...answer, code: "" });
  expect(empty.error).toMatchObject({ status: 400, code: "validation_failed" });
  const letters = await client.auth.mfa.verify({ ...answer, code: "abcdef" });
  expect(letters.error).toMatchObject({ status: 422, code: "mfa_verification_failed" });
  expect((await client.auth.mfa.verify({ ...answer, code: right })).error).toBeNull();
});

test("a challenge is answered once, for its own factor", async () => {
  const { client } = await signedIn();
  const factor = await enrol(client);
  const { data: challenge } = await client.auth.mfa.challenge({ factorId: factor.id });
  const answer = {
    factorId: factor.id,
    challengeId: challenge?.id ?? "",
    code: await generate({ secret: factor.totp.secret }),
  };
  expect((await client.auth.mfa.verify(answer)).error).toBeNull();
  expect((await client.auth.mfa.verify(answer)).error).toMatchObject({
    status: 422,
    code: "mfa_ip_address_mismatch",
  });
  const unknown = await client.auth.mfa.verify({ ...answer, challengeId: crypto.randomUUID() });
  expect(unknown.error).toMatchObject({ status: 422, code: "mfa_factor_not_found" });
});

test("a challenge lives for five minutes", async ({ skip }) => {
  const sql = connect();
  if (!sql) return skip("the database cannot be reached directly");
  const { client } = await signedIn();
  const factor = await enrol(client);
  const { data: challenge } = await client.auth.mfa.challenge({ factorId: factor.id });
  const challengeId = challenge?.id ?? "";
  await sql`
    update auth.mfa_challenges set created_at = created_at - interval '301 seconds'
    where id = ${challengeId}`;
  const code = await generate({ secret: factor.totp.secret });
  const { error } = await client.auth.mfa.verify({ factorId: factor.id, challengeId, code });
  expect(error).toMatchObject({ status: 422, code: "mfa_challenge_expired" });
});

test("a second factor may be removed at aal2 alone", async () => {
  const { client, email } = await signedIn();
  const { factor } = await protect(client);
  const again = await signInAgain(email);
  expect((await again.auth.mfa.unenroll({ factorId: factor.id })).error).toMatchObject({
    status: 422,
    code: "insufficient_aal",
  });
  expect((await client.auth.mfa.unenroll({ factorId: factor.id })).data).toEqual({ id: factor.id });
  await client.auth.refreshSession();
  expect(await levels(client)).toMatchObject({ currentLevel: "aal1", nextLevel: "aal1" });
});

test("another factor may be added at aal2 alone", async () => {
  const { client, email } = await signedIn();
  await protect(client);
  const again = await signInAgain(email);
  const refused = await again.auth.mfa.enroll({ factorType: "totp", friendlyName: "tablet" });
  expect(refused.error).toMatchObject({ status: 403, code: "insufficient_aal" });
  expect((await enrol(client, "tablet")).friendly_name).toBe("tablet");
});

test("factors of a user have different names, and are ten at most", async () => {
  const { client } = await signedIn();
  await enrol(client, "0");
  const twin = await client.auth.mfa.enroll({ factorType: "totp", friendlyName: "0" });
  expect(twin.error).toMatchObject({
    status: 422,
    code: "mfa_factor_name_conflict",
    message: 'A factor with the friendly name "0" for this user already exists',
  });
  for (let name = 1; name < 10; name++) await enrol(client, String(name));
  const eleventh = await client.auth.mfa.enroll({ factorType: "totp", friendlyName: "10" });
  expect(eleventh.error).toMatchObject({ status: 422, code: "too_many_enrolled_mfa_factors" });
});

test("an unfinished factor goes when another is verified", async () => {
  const { client } = await signedIn();
  await enrol(client, "lost");
  await protect(client);
  expect((await client.auth.mfa.listFactors()).data?.all).toMatchObject([
    { friendly_name: "phone" },
  ]);
});

test("nobody reaches another's factor", async () => {
  const [ada, bo] = [await signedIn(), await signedIn()];
  const factor = await enrol(ada.client);
  const { error } = await bo.client.auth.mfa.challenge({ factorId: factor.id });
  expect(error).toMatchObject({ status: 404, code: "mfa_factor_not_found" });
  expect((await bo.client.auth.mfa.unenroll({ factorId: factor.id })).error?.status).toBe(404);
});

test("guests have no second factor", async () => {
  const guest = publicClient();
  await guest.auth.signInAnonymously();
  const { error } = await guest.auth.mfa.enroll({ factorType: "totp" });
  expect(error).toMatchObject({ status: 403, code: "no_authorization" });
});

test.each([
  ["phone", 422, "mfa_phone_enroll_not_enabled"],
  ["webauthn", 422, "mfa_webauthn_enroll_not_enabled"],
  ["palm", 400, "validation_failed"],
])("factors of type %s are not served", async (factor_type, status, error_code) => {
  const { client } = await signedIn();
  const { data } = await client.auth.getSession();
  const response = await fetch(`${platform().url}/auth/v1/factors`, {
    method: "POST",
    headers: {
      apikey: platform().publishableKey,
      authorization: `Bearer ${data.session?.access_token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ factor_type, friendly_name: "other", phone: "+441632960000" }),
  });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error_code });
});

test("staff list and remove a user's factors", async () => {
  const { client, email, userId } = await signedIn();
  const { factor } = await protect(client);
  const { mfa } = serviceClient().auth.admin;
  const { data } = await mfa.listFactors({ userId });
  expect(data?.factors).toMatchObject([
    {
      id: factor.id,
      status: "verified",
      factor_type: "totp",
      friendly_name: "phone",
      phone: "",
      last_challenged_at: expect.any(String),
    },
  ]);
  expect(JSON.stringify(data)).not.toContain(factor.totp.secret);
  expect((await mfa.deleteFactor({ userId, id: factor.id })).error).toBeNull();
  await client.auth.refreshSession();
  expect(await levels(client), "a session that showed it").toMatchObject({ currentLevel: "aal1" });
  expect(await levels(await signInAgain(email))).toMatchObject({ nextLevel: "aal1" });
  const again = await mfa.deleteFactor({ userId, id: factor.id });
  expect(again.error).toMatchObject({ status: 404, code: "mfa_factor_not_found" });
});
