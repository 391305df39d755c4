import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { aGuest, claimsOf } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

const ask = async (path: string, init: RequestInit = {}) => {
  const headers = { apikey: platform().publishableKey, "content-type": "application/json" };
  const response = await fetch(`${platform().url}/auth/v1${path}`, {
    ...init,
    headers: { ...headers, ...init.headers },
  });
  return response;
};

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, { method: "POST", headers, body: JSON.stringify(body) });

describe("errors", () => {
  const signIn = { email: "nobody@example.test", password: "wrong entirely" };

  test("carry code, status and message as GoTrue's first API version has it", async () => {
    const response = await post("/token?grant_type=password", signIn);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      code: 400,
      error_code: "invalid_credentials",
      msg: "Invalid login credentials",
    });
  });

  test("carry the code as `code` for clients that ask for version 2024-01-01", async () => {
    const version = { "x-supabase-api-version": "2024-01-01" };
    const response = await post("/token?grant_type=password", signIn, version);
    expect(response.headers.get("x-supabase-api-version")).toBe("2024-01-01");
    expect(await response.json()).toEqual({
      code: "invalid_credentials",
      message: "Invalid login credentials",
    });
  });

  test("of a refresh that names no token are OAuth's own", async () => {
    const response = await post("/token?grant_type=refresh_token", {});
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: "invalid_request",
      error_description: "refresh_token required",
    });
  });

  const verifying = [
    [{ type: "x", token_hash: "y" }, 400, "validation_failed", "Invalid email verification type"],
    [
      { type: "x", token: "123456", email: "ada@example.test" },
      403,
      "otp_expired",
      "Token has expired or is invalid",
    ],
    [
      { type: "sms", token: "123456", phone: "+441632960000" },
      403,
      "otp_expired",
      "Token has expired or is invalid",
    ],
    [
      { type: "sms", token: "123456", phone: "12-34" },
      400,
      "validation_failed",
      "Invalid phone number format (E.164 required)",
    ],
    [
      { type: "email", token: "123456" },
      400,
      "validation_failed",
      "Only an email address or phone number should be provided on verify",
    ],
  ] as const;

  test.each(verifying)("verifying %j is refused by name", async (body, status, code, message) => {
    const response = await post("/verify", body, { "x-supabase-api-version": "2024-01-01" });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code, message });
  });

  test("a guest has no mailbox to prove themselves by", async () => {
    const { client } = await aGuest();
    const { error } = await client.auth.reauthenticate();
    expect(error).toMatchObject({
      status: 400,
      code: "validation_failed",
      message: "Reauthentication requires the user to have an email or a phone number",
    });
  });

  test.each([
    ["a body that is no JSON", "/signup", "{", 400],
    ["a body that is a list", "/signup", "[]", 400],
    ["a number for an address", "/signup", '{"email":1}', 400],
    ["an unknown grant", "/token?grant_type=magic", "{}", 400],
    ["a grant that objects happen to have", "/token?grant_type=constructor", "{}", 400],
    ["a type that objects happen to have", "/verify", '{"type":"toString","token_hash":"y"}', 400],
    ["a NUL in an address", "/recover", '{"email":"a\\u0000b@example.test"}', 400],
    ["a NUL in metadata", "/signup", '{"data":{"a":"\\u0000"}}', 400],
    [
      "a NUL in a refresh token",
      "/token?grant_type=refresh_token",
      '{"refresh_token":"\\u0000"}',
      400,
    ],
    ["a NUL in a hash", "/verify", '{"type":"email","token_hash":"\\u0000"}', 400],
    ["no refresh token", "/token?grant_type=refresh_token", "{}", 400],
    ["no code", "/token?grant_type=pkce", "{}", 400],
    ["neither code nor hash to verify", "/verify", '{"type":"signup"}', 400],
    ["an unknown kind of verification", "/verify", '{"type":"x","token_hash":"y"}', 400],
    ["nobody to send a code to", "/otp", "{}", 400],
    ["an unknown kind of mail", "/resend", '{"type":"x","email":"a@b.test"}', 400],
    ["nothing at all there", "/nowhere", "{}", 404],
  ])("%s is refused, not a failure", async (_, path, body, status) => {
    const response = await ask(path, { method: "POST", body });
    expect(response.status).toBe(status);
  });

  test("a user's endpoint without a user says that the token names none", async () => {
    const response = await ask("/user");
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error_code: "bad_jwt" });
  });

  test("a verification link without token is an error page, not a redirect", async () => {
    const response = await ask("/verify?type=signup", { redirect: "manual" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: "validation_failed" });
  });
});

describe("ways in that the project has off", () => {
  test("are refused by name: SAML and wallets", async () => {
    const { auth } = publicClient();
    const sso = await auth.signInWithSSO({ domain: "example.test" });
    expect(sso.error).toMatchObject({ status: 404, code: "saml_provider_disabled" });
    const web3 = await auth.signInWithWeb3({
      chain: "solana",
      message: "example.test wants you to sign in with your Solana account",
      signature: new Uint8Array(64),
    });
    expect(web3.error).toMatchObject({ status: 422, code: "web3_provider_disabled" });
  });
});

describe("what a project allows", () => {
  test("is public knowledge", async () => {
    const settings: unknown = await (await ask("/settings")).json();
    expect(settings).toMatchObject({
      external: { email: true, anonymous_users: true, phone: false },
      disable_signup: false,
      mailer_autoconfirm: true,
      saml_enabled: false,
      passkeys_enabled: false,
    });
  });

  test("a library that is told the issuer finds the keys", async () => {
    const response = await fetch(`${platform().url}/auth/v1/.well-known/openid-configuration`);
    expect(response.headers.get("cache-control")).toBe("public, max-age=600");
    const { issuer, jwks_uri } = z
      .object({ issuer: z.string(), jwks_uri: z.string() })
      .parse(await response.json());
    expect(jwks_uri).toBe(`${issuer}/.well-known/jwks.json`);
    const { session } = await aGuest();
    expect(claimsOf(session).iss).toBe(issuer);
    const keys = createRemoteJWKSet(new URL(jwks_uri));
    const verified = await jwtVerify(session.access_token, keys, { issuer });
    expect(verified.payload.sub).toBe(session.user.id);
  });

  test("the service says that it is alive", async () => {
    const response = await ask("/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ name: "GoTrue" });
  });
});
