import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { anAccount } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

let userToken: string;
let userId: string;

beforeAll(async () => {
  const { client, session, id } = await anAccount("ada");
  userToken = session.access_token;
  userId = id;
  await client.from("notes").insert({ body: "private" });
});

const notes = async (headers: Record<string, string>) => {
  const url = `${platform().url}/rest/v1/notes?select=body&owner_id=eq.${userId}`;
  const response = await fetch(url, { headers });
  const body: unknown = await response.json();
  return { status: response.status, body };
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const signed = (claims: Record<string, unknown>, secret: string, seconds = 60) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(new TextEncoder().encode(secret));

describe("api keys", () => {
  test("without a key nobody gets in", async () => {
    expect((await notes({})).status).toBe(401);
    expect((await notes(bearer("rubbish"))).status).toBe(401);
    const signUp = await fetch(`${platform().url}/auth/v1/signup`, { method: "POST", body: "{}" });
    expect(signUp.status).toBe(401);
  });

  test("an unknown key is refused", async () => {
    expect((await notes({ apikey: "sb_publishable_made_up" })).status).toBe(401);
  });

  test("the publishable key alone acts as anon", async () => {
    const apikey = platform().publishableKey;
    expect(await notes({ apikey })).toEqual({ status: 200, body: [] });
    expect(await notes({ apikey, ...bearer(apikey) })).toEqual({ status: 200, body: [] });
  });

  test("the secret key acts as service_role", async () => {
    const answer = await notes({ apikey: platform().secretKey });
    expect(answer).toEqual({ status: 200, body: [{ body: "private" }] });
  });

  test("a key with a user's token acts as that user", async () => {
    const answer = await notes({ apikey: platform().publishableKey, ...bearer(userToken) });
    expect(answer).toEqual({ status: 200, body: [{ body: "private" }] });
  });

  test("the older anon and service_role JWTs open the same doors", async ({ skip }) => {
    const { jwtSecret } = platform();
    if (!jwtSecret) return skip("the JWT secret is not known");
    const key = (role: string) =>
      new SignJWT({ iss: "supabase-demo", role, exp: 1_983_812_996 })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .sign(new TextEncoder().encode(jwtSecret));
    const [anon, service] = [await key("anon"), await key("service_role")];
    expect(await notes({ apikey: anon, ...bearer(anon) })).toEqual({ status: 200, body: [] });
    for (const headers of [bearer(service), bearer(userToken)]) {
      const apikey = headers.authorization.endsWith(service) ? service : anon;
      expect(await notes({ apikey, ...headers })).toEqual({
        status: 200,
        body: [{ body: "private" }],
      });
    }
  });
});

describe("access tokens", () => {
  const asUser = (token: string) => notes({ apikey: platform().publishableKey, ...bearer(token) });

  test("are signed with the project's key, whose public half anybody can read", async () => {
    const response = await fetch(`${platform().url}/auth/v1/.well-known/jwks.json`);
    const jwks = z
      .object({ keys: z.array(z.looseObject({ kid: z.string() })) })
      .parse(await response.json());
    const { alg, kid } = decodeProtectedHeader(userToken);
    expect(alg).toMatch(/^(ES|RS)256$/);
    expect(jwks.keys.find((key) => key.kid === kid)).toBeDefined();
    expect(JSON.stringify(jwks)).not.toContain('"d":');
    const { payload } = await jwtVerify(userToken, createLocalJWKSet(jwks));
    expect(payload.sub).toBe(userId);
  });

  test("are what getClaims verifies without asking the server", async () => {
    const { client, id } = await anAccount("ada");
    const { data, error } = await client.auth.getClaims();
    expect(error).toBeNull();
    expect(data?.claims).toMatchObject({ sub: id, role: "authenticated", aal: "aal1" });
    expect(data?.header.alg).toMatch(/^(ES|RS)256$/);
    const [head, body] = userToken.split(".");
    const forged = await client.auth.getClaims(`${head}.${body}.${"A".repeat(86)}`);
    expect(forged.error).not.toBeNull();
  });

  test("signed with the project's JWT secret stay valid", async ({ skip }) => {
    const { jwtSecret } = platform();
    if (!jwtSecret) return skip("the JWT secret is not known");
    const token = await signed({ sub: userId, role: "authenticated" }, jwtSecret);
    expect(await asUser(token)).toEqual({ status: 200, body: [{ body: "private" }] });
  });

  test("signed with another secret are refused", async () => {
    const forged = await signed(
      { sub: userId, role: "authenticated" },
      "another-secret-of-at-least-32-characters",
    );
    expect(await asUser(forged)).toMatchObject({ status: 401, body: { code: "PGRST301" } });
    const { error } = await publicClient().auth.getUser(forged);
    expect(error).toMatchObject({ status: 403, code: "bad_jwt" });
  });

  test("that promote themselves to service_role are refused", async () => {
    const [header, , signature] = userToken.split(".");
    const payload = Buffer.from(JSON.stringify({ sub: userId, role: "service_role" }));
    const forged = `${header}.${payload.toString("base64url")}.${signature}`;
    expect(await asUser(forged)).toMatchObject({ status: 401, body: { code: "PGRST301" } });
  });

  test("without signature are refused, and so is the public key as a secret", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = part({ sub: userId, role: "service_role" });
    expect((await asUser(`${part({ alg: "none" })}.${claims}.`)).status).toBe(401);
    const response = await fetch(`${platform().url}/auth/v1/.well-known/jwks.json`);
    const confused = await signed({ sub: userId, role: "service_role" }, await response.text());
    expect((await asUser(confused)).status).toBe(401);
  });

  test("that are over are refused, and the answer says why", async ({ skip }) => {
    const { jwtSecret } = platform();
    if (!jwtSecret) return skip("the JWT secret is not known");
    const expired = await signed({ sub: userId, role: "authenticated" }, jwtSecret, -3600);
    expect(await asUser(expired)).toMatchObject({ status: 401, body: { message: "JWT expired" } });
    const { error } = await publicClient().auth.getUser(expired);
    expect(error).toMatchObject({ status: 403, code: "bad_jwt" });
    expect(error?.message).toContain("token is expired");
  });

  test("may not name a role of the platform", async ({ skip }) => {
    const { jwtSecret } = platform();
    if (!jwtSecret) return skip("the JWT secret is not known");
    const token = await signed({ sub: userId, role: "supabase_admin" }, jwtSecret);
    expect((await asUser(token)).status).toBeGreaterThanOrEqual(400);
  });
});
