import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTokens, TokenRefused } from "../../../stack/auth/tokens.ts";
import { anAddress, type Platform, startPlatform } from "./local-stack.ts";

let platform: Platform;
let userToken: string;
let userId: string;

beforeAll(async () => {
  platform = await startPlatform();
  const client = platform.client();
  const { data } = await client.auth.signUp({ email: anAddress("ada"), password: "long enough" });
  userToken = data.session?.access_token ?? "";
  userId = data.user?.id ?? "";
  await client.from("notes").insert({ body: "private" });
}, 60_000);

afterAll(() => platform.stop());

const notes = async (headers: Record<string, string>) => {
  const response = await fetch(`${platform.url}/rest/v1/notes?select=body`, { headers });
  const body: unknown = await response.json();
  return { status: response.status, body };
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("api keys", () => {
  test("without a key nobody gets in", async () => {
    const missing = { status: 401, body: { message: "No API key found in request" } };
    expect(await notes({})).toMatchObject(missing);
    expect(await notes(bearer(userToken))).toMatchObject(missing);
    const signUp = await fetch(`${platform.url}/auth/v1/signup`, { method: "POST", body: "{}" });
    expect(signUp.status).toBe(401);
  });

  test("an unknown key is refused, and so is a user's token in place of a key", async () => {
    const invalid = { status: 401, body: { message: "Invalid API key" } };
    expect(await notes({ apikey: "sb_publishable_made_up" })).toMatchObject(invalid);
    expect(await notes({ apikey: userToken })).toMatchObject(invalid);
  });

  test("the publishable key alone acts as anon", async () => {
    const { publishable } = platform.keys;
    expect(await notes({ apikey: publishable })).toEqual({ status: 200, body: [] });
    expect(await notes({ apikey: publishable, ...bearer(publishable) })).toEqual({
      status: 200,
      body: [],
    });
  });

  test("the secret key acts as service_role", async () => {
    const { secret } = platform.keys;
    expect(await notes({ apikey: secret })).toEqual({ status: 200, body: [{ body: "private" }] });
  });

  test("a key with a user's token acts as that user", async () => {
    const { publishable } = platform.keys;
    expect(await notes({ apikey: publishable, ...bearer(userToken) })).toEqual({
      status: 200,
      body: [{ body: "private" }],
    });
  });

  test("the legacy keys are the ones the Supabase CLI prints, and open the same doors", async () => {
    const { anon, serviceRole } = platform.keys;
    expect(anon).toBe(
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0",
    );
    expect(await notes({ apikey: anon, ...bearer(anon) })).toEqual({ status: 200, body: [] });
    expect(await notes({ apikey: serviceRole, ...bearer(serviceRole) })).toEqual({
      status: 200,
      body: [{ body: "private" }],
    });
    expect(await notes({ apikey: anon, ...bearer(userToken) })).toEqual({
      status: 200,
      body: [{ body: "private" }],
    });
  });
});

describe("tokens", () => {
  const claims = () => ({ sub: userId, role: "authenticated" });
  const sign = (secret: string, exp: number) =>
    new SignJWT(claims())
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(exp)
      .sign(new TextEncoder().encode(secret));
  const soon = () => Math.floor(Date.now() / 1000) + 60;

  const asUser = (token: string) => notes({ apikey: platform.keys.publishable, ...bearer(token) });

  test("a token signed with another secret is refused", async () => {
    const forged = await sign("another-secret-of-at-least-32-characters", soon());
    expect(await asUser(forged)).toMatchObject({ status: 401, body: { code: "PGRST301" } });
    const { error } = await platform.client().auth.getUser(forged);
    expect(error).toMatchObject({ status: 403, code: "bad_jwt" });
  });

  test("a token that promotes itself to service_role is refused", async () => {
    const [header, , signature] = userToken.split(".");
    const payload = Buffer.from(JSON.stringify({ sub: userId, role: "service_role" }));
    const forged = `${header}.${payload.toString("base64url")}.${signature}`;
    expect(await asUser(forged)).toMatchObject({ status: 401, body: { code: "PGRST301" } });
  });

  test("a token without signature is refused", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ alg: "none" })}.${part(claims())}.`;
    expect(await asUser(unsigned)).toMatchObject({ status: 401 });
  });

  test("an expired token is refused, and the answer says why", async () => {
    const expired = await platform.tokens.sign({ ...claims(), exp: soon() - 3600 });
    expect(await asUser(expired)).toMatchObject({ status: 401, body: { message: "JWT expired" } });
  });

  test("a token may not name a role of the platform", async () => {
    const { status } = await asUser(
      await platform.tokens.sign({ ...claims(), role: "supabase_admin" }, 60),
    );
    expect(status).toBe(403);
  });

  test("verifying says what is wrong with a token", async () => {
    const tokens = createTokens("a-secret-that-has-at-least-32-characters");
    const reason = async (token: Promise<string> | string) =>
      tokens
        .verify(await token)
        .catch((error: unknown) => error instanceof TokenRefused && error.reason);
    expect(await reason("rubbish")).toBe("malformed");
    expect(await reason(tokens.sign({ role: "anon" }, -10))).toBe("expired");
    expect(
      await reason(createTokens("some-other-secret-of-32-characters!").sign({ role: "anon" })),
    ).toBe("bad_signature");
    expect(await reason(tokens.sign({ sub: userId }))).toBe("no_role");
    expect(await tokens.verify(await tokens.sign({ role: "anon" }, 60))).toMatchObject({
      role: "anon",
    });
  });
});
