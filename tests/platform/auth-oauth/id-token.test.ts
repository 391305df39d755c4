import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { platform, publicClient } from "../support/platform.ts";
import { answer, reasonToSkip, somebody } from "./sandbox.ts";

/** The application's own client at the sandbox's Google. */
const client = { id: "sandbox.apps.googleusercontent.com", secret: "GOCSPX-sandbox" };

const Tokens = z.looseObject({ access_token: z.string(), id_token: z.string() });

const google = () => `${platform().sandboxUrl}/oauth/google`;
const redirectUri = () => `${platform().url}/auth/v1/callback`;

/** Tokens that the application gets from Google itself, as a phone's sign-in sheet would. */
const tokensFor = async (person: ReturnType<typeof somebody>, nonce?: string) => {
  const page = new URL(`${google()}/o/oauth2/v2/auth`);
  const query = {
    client_id: client.id,
    redirect_uri: redirectUri(),
    response_type: "code",
    scope: "openid email profile",
    ...(nonce && { nonce: createHash("sha256").update(nonce).digest("hex") }),
  };
  page.search = new URLSearchParams(query).toString();
  const back = await answer(page, person);
  const response = await fetch(`${google()}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: back.searchParams.get("code") ?? "",
      redirect_uri: redirectUri(),
      client_id: client.id,
      client_secret: client.secret,
    }),
  });
  const { id_token, access_token } = Tokens.parse(await response.json());
  return { token: id_token, accessToken: access_token };
};

describe.skipIf(await reasonToSkip())("signing in with an ID token", () => {
  test("a genuine token is as good as the redirect", async () => {
    const person = somebody();
    const { token, accessToken } = await tokensFor(person, "once");
    const { data, error } = await publicClient().auth.signInWithIdToken({
      provider: "google",
      token,
      access_token: accessToken,
      nonce: "once",
    });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      email: person.email,
      identities: [{ provider: "google" }],
      app_metadata: { provider: "google" },
    });
  });

  test.each([
    ["another nonce", "twice", "Nonces mismatch"],
    ["no nonce", undefined, "Passed nonce and nonce in id_token should either both exist or not."],
  ])("%s is refused", async (_, nonce, message) => {
    const { token } = await tokensFor(somebody(), "once");
    const { error } = await publicClient().auth.signInWithIdToken({
      provider: "google",
      token,
      ...(nonce && { nonce }),
    });
    expect(error).toMatchObject({ status: 400, message });
  });

  test("a token that was changed, or came with another access token, is refused", async () => {
    const { token } = await tokensFor(somebody());
    const [header, payload, signature = ""] = token.split(".");
    const forged = `${header}.${payload}.${signature.split("").reverse().join("")}`;
    for (const attempt of [{ token: forged }, { token, access_token: "another" }]) {
      const { error } = await publicClient().auth.signInWithIdToken({
        provider: "google",
        ...attempt,
      });
      expect(error).toMatchObject({ status: 400, message: "Bad ID token" });
    }
  });

  test("other providers are refused", async () => {
    const { token } = await tokensFor(somebody());
    const { error } = await publicClient().auth.signInWithIdToken({
      provider: "custom:acme",
      token,
    });
    expect(error?.status).toBe(400);
  });

  test("a guest links an identity by its token", async () => {
    const guest = publicClient();
    const { data: before } = await guest.auth.signInAnonymously();
    const person = somebody();
    const { token } = await tokensFor(person);
    const { data, error } = await guest.auth.linkIdentity({ provider: "google", token });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id: before.user?.id,
      email: person.email,
      is_anonymous: false,
    });
  });
});
