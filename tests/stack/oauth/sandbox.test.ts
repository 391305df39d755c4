import { createHash, randomBytes } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  callback,
  clients,
  post,
  type RunningSandbox,
  startSandbox,
  target,
} from "./own-sandbox.ts";

let sandbox: RunningSandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});

afterAll(() => sandbox.stop());

const person = { email: "Ada@Example.com", name: "Ada Lovelace", verified: "true" };

const verifier = randomBytes(32).toString("base64url");
const pkce = {
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
};

const Tokens = z.looseObject({
  access_token: z.string(),
  id_token: z.string().default(""),
  refresh_token: z.string().default(""),
});

describe("Google's sandbox", () => {
  const at = (path: string) => `${sandbox.url}/oauth/google${path}`;

  const page = (given: Record<string, string> = {}) => {
    const query = {
      client_id: clients.google.id,
      redirect_uri: callback,
      response_type: "code",
      scope: "openid email profile",
      state: "abc",
      ...given,
    };
    return at(`/o/oauth2/v2/auth?${new URLSearchParams(query)}`);
  };

  const codeFor = async (given: Record<string, string> = {}, fields = person) =>
    target(await post(page(given), fields)).searchParams.get("code") ?? "";

  const exchange = (code: string, given: Record<string, string> = {}) =>
    post(at("/token"), {
      grant_type: "authorization_code",
      code,
      redirect_uri: callback,
      client_id: clients.google.id,
      client_secret: clients.google.secret,
      ...given,
    });

  test("discovery leads to everything else", async () => {
    const discovered = z
      .looseObject({ issuer: z.string(), jwks_uri: z.string(), userinfo_endpoint: z.string() })
      .parse(await (await fetch(at("/.well-known/openid-configuration"))).json());
    expect(discovered.issuer).toBe(at(""));
    const tokens = Tokens.parse(await (await exchange(await codeFor({ nonce: "n" }))).json());
    const keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
    const jwks = keys.parse(await (await fetch(discovered.jwks_uri)).json());
    const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet(jwks), {
      issuer: discovered.issuer,
      audience: clients.google.id,
      algorithms: ["RS256"],
    });
    expect(payload).toMatchObject({
      email: "ada@example.com",
      email_verified: true,
      name: "Ada Lovelace",
      given_name: "Ada",
      nonce: "n",
    });
    const picture = await fetch(String(payload.picture));
    expect(picture.headers.get("content-type")).toBe("image/svg+xml");
    const userinfo = await fetch(discovered.userinfo_endpoint, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(await userinfo.json()).toMatchObject({ sub: payload.sub, email: "ada@example.com" });
  });

  test("the page offers accounts and shows what was typed wrongly", async () => {
    const shown = await fetch(page({ login_hint: "me@example.com" }));
    expect(shown.status).toBe(200);
    const html = await shown.text();
    expect(html).toContain("me@example.com");
    expect(html).toContain('value="bo@example.com"');
    const wrong = await post(page(), { email: "<b>no address", name: "" });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain("&lt;b&gt;no address");
  });

  test("a strange client or redirect is told to the person, never to the redirect", async () => {
    expect((await fetch(page({ client_id: "other" }))).status).toBe(401);
    for (const redirect_uri of [`${callback}/`, "http://127.0.0.1:54321/evil", ""]) {
      const response = await post(page({ redirect_uri }), person);
      expect(response.status).toBe(400);
      expect(response.headers.get("location")).toBeNull();
    }
  });

  test.each([
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ scope: "" }, "invalid_request"],
    [{ code_challenge: "short", code_challenge_method: "S256" }, "invalid_request"],
  ])("a request with %j is told to the redirect", async (given, error) => {
    const back = target(await fetch(page(given), { redirect: "manual" }));
    expect(`${back.origin}${back.pathname}`).toBe(callback);
    expect(back.searchParams.get("error")).toBe(error);
    expect(back.searchParams.get("state")).toBe("abc");
  });

  test("a code works once; its second use takes the first one's token back", async () => {
    const code = await codeFor();
    const tokens = Tokens.parse(await (await exchange(code)).json());
    const again = await exchange(code);
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ error: "invalid_grant" });
    const userinfo = await fetch(at("/v1/userinfo"), {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(userinfo.status).toBe(401);
  });

  test("a code is for its client, its redirect and its verifier", async () => {
    const secret = await exchange(await codeFor(), { client_secret: "wrong" });
    expect(secret.status).toBe(401);
    expect(await secret.json()).toMatchObject({ error: "invalid_client" });
    const redirect = await exchange(await codeFor(), { redirect_uri: "http://127.0.0.1/" });
    expect(await redirect.json()).toMatchObject({ error: "redirect_uri_mismatch" });
    expect((await exchange(await codeFor(pkce))).status).toBe(400);
    expect((await exchange(await codeFor(), { code_verifier: verifier })).status).toBe(400);
    expect((await exchange(await codeFor(pkce), { code_verifier: verifier })).status).toBe(200);
  });

  test("a refresh token comes with offline access and gives new tokens until it is revoked", async () => {
    const plain = Tokens.parse(await (await exchange(await codeFor())).json());
    expect(plain.refresh_token).toBe("");
    const code = await codeFor({ access_type: "offline" });
    const { refresh_token } = Tokens.parse(await (await exchange(code)).json());
    const refresh = () => exchange("", { grant_type: "refresh_token", refresh_token });
    expect((await refresh()).status).toBe(200);
    expect((await post(at("/revoke"), { token: refresh_token })).status).toBe(200);
    expect(await (await refresh()).json()).toMatchObject({ error: "invalid_grant" });
  });

  test("without the email scope the token says nothing of the address", async () => {
    const code = await codeFor({ scope: "openid profile" });
    const { access_token } = Tokens.parse(await (await exchange(code)).json());
    const userinfo = await fetch(at("/v1/userinfo"), {
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(await userinfo.json()).not.toHaveProperty("email");
  });
});

describe("GitHub's sandbox", () => {
  const at = (path: string) => `${sandbox.url}/oauth/github${path}`;

  const page = (given: Record<string, string> = {}) => {
    const query = { client_id: clients.github.id, redirect_uri: callback, ...given };
    return at(`/login/oauth/authorize?${new URLSearchParams(query)}`);
  };

  const codeFor = async (given: Record<string, string>) =>
    target(await post(page(given), person)).searchParams.get("code") ?? "";

  const exchange = (code: string, given: Record<string, string> = {}) =>
    post(
      at("/login/oauth/access_token"),
      { client_id: clients.github.id, client_secret: clients.github.secret, code, ...given },
      { accept: "application/json" },
    );

  const ask = (path: string, token: string) =>
    fetch(at(path), { headers: { authorization: `Bearer ${token}` } });

  test("the API tells who it is, addresses only with their scope", async () => {
    const answer = await (await exchange(await codeFor({ scope: "user:email" }))).json();
    expect(answer).toMatchObject({ token_type: "bearer", scope: "user:email" });
    const { access_token } = Tokens.parse(answer);
    expect(await (await ask("/api/v3/user", access_token)).json()).toMatchObject({
      id: expect.any(Number),
      login: "ada",
      name: "Ada Lovelace",
      email: null,
    });
    expect(await (await ask("/api/v3/user/emails", access_token)).json()).toEqual([
      { email: "ada@example.com", primary: true, verified: true, visibility: null },
    ]);
    const bare = Tokens.parse(await (await exchange(await codeFor({}))).json());
    expect((await ask("/api/v3/user/emails", bare.access_token)).status).toBe(404);
    expect((await ask("/api/v3/user", "gho_forged")).status).toBe(401);
  });

  test("failures come as 200 with an error, and in a form unless JSON is asked for", async () => {
    const code = await codeFor({ scope: "user:email" });
    expect((await exchange(code)).status).toBe(200);
    const again = await exchange(code);
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ error: "bad_verification_code" });
    const strange = await exchange("x", { client_secret: "wrong" });
    expect(await strange.json()).toMatchObject({ error: "incorrect_client_credentials" });
    const form = await post(at("/login/oauth/access_token"), { client_id: clients.github.id });
    expect(await form.text()).toContain("error=incorrect_client_credentials");
  });

  test("an unregistered redirect leads to the registered one with the reason", async () => {
    const response = await fetch(page({ redirect_uri: "http://evil.example/" }), {
      redirect: "manual",
    });
    const back = target(response);
    expect(`${back.origin}${back.pathname}`).toBe(callback);
    expect(back.searchParams.get("error")).toBe("redirect_uri_mismatch");
    expect((await fetch(page({ client_id: "other" }))).status).toBe(404);
  });

  test("a challenge needs its verifier", async () => {
    const scope = { scope: "user:email", ...pkce };
    expect(await (await exchange(await codeFor(scope))).json()).toHaveProperty("error");
    const proven = await exchange(await codeFor(scope), { code_verifier: verifier });
    expect(await proven.json()).toHaveProperty("access_token");
  });
});
