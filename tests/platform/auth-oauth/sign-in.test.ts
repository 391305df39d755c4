import { describe, expect, test } from "vitest";
import { platform, publicClient, serviceClient } from "../support/platform.ts";
import {
  answer,
  application,
  goThrough,
  pkceClient,
  reasonToSkip,
  redirectOf,
  signIn,
  somebody,
  startOf,
  visit,
} from "./sandbox.ts";

describe.skipIf(await reasonToSkip())("signing in with a provider", () => {
  test.each(["google", "github"] as const)(
    "%s opens an account for who is new",
    async (provider) => {
      const person = somebody();
      const { user } = await signIn(publicClient(), provider, person);
      expect(user).toMatchObject({
        email: person.email,
        aud: "authenticated",
        role: "authenticated",
        is_anonymous: false,
        app_metadata: { provider, providers: [provider] },
        user_metadata: { email: person.email, email_verified: true, full_name: person.name },
        identities: [{ provider, identity_data: { email: person.email, name: person.name } }],
      });
      expect(user.email_confirmed_at).toBeTruthy();
      expect(user.identities?.[0]?.id).toBe(user.user_metadata.sub);
    },
  );

  test("the redirect's fragment holds a whole session with the provider's token", async () => {
    const landed = await goThrough(await startOf(publicClient(), "google"), somebody());
    expect(`${landed.origin}${landed.pathname}`).toBe(application);
    const fragment = Object.fromEntries(new URLSearchParams(landed.hash.slice(1)));
    expect(fragment).toMatchObject({ token_type: "bearer", expires_in: "900" });
    expect(Number(fragment.expires_at)).toBeGreaterThan(Date.now() / 1000);
    expect(fragment.provider_token).toBeTruthy();
    expect(fragment.access_token?.split(".")).toHaveLength(3);
  });

  test("with PKCE the redirect carries a code that works once, for its client alone", async () => {
    const [client, other] = [pkceClient(), pkceClient()];
    const person = somebody();
    const landed = await goThrough(await startOf(client, "google"), person);
    const code = landed.searchParams.get("code") ?? "";
    expect(landed.hash).toBe("");

    await startOf(other, "google");
    const stolen = await other.auth.exchangeCodeForSession(code);
    expect(stolen.error).toMatchObject({ status: 400, code: "bad_code_verifier" });

    const { data, error } = await client.auth.exchangeCodeForSession(code);
    expect(error).toBeNull();
    expect(data.user?.email).toBe(person.email);
    expect(data.session?.provider_token).toBeTruthy();

    await startOf(client, "google");
    const again = await client.auth.exchangeCodeForSession(code);
    expect(again.error).toMatchObject({ status: 404, code: "flow_state_not_found" });
  });

  test("access_type=offline gives the provider's refresh token too", async () => {
    const client = pkceClient();
    const { data: started } = await client.auth.signInWithOAuth({
      provider: "google",
      options: {
        redirectTo: application,
        skipBrowserRedirect: true,
        queryParams: { access_type: "offline", login_hint: "ada@example.com" },
        scopes: "https://www.googleapis.com/auth/calendar.readonly",
      },
    });
    const page = await visit(started.url ?? "");
    expect(page.searchParams.get("login_hint")).toBe("ada@example.com");
    expect(page.searchParams.get("scope")).toContain("calendar.readonly");
    const landed = await goThrough(page.href, somebody());
    const { data } = await client.auth.exchangeCodeForSession(
      landed.searchParams.get("code") ?? "",
    );
    expect(data.session?.provider_refresh_token).toBeTruthy();
  });

  test("who comes back is the same user, with what the provider says now", async () => {
    const person = somebody();
    const first = await signIn(publicClient(), "github", person);
    const second = await signIn(publicClient(), "github", { ...person, name: "Ada King" });
    expect(second.user.id).toBe(first.user.id);
    expect(second.user.identities).toHaveLength(1);
    expect(second.user.user_metadata.full_name).toBe("Ada King");
  });

  test("an identity joins the account that has its verified address", async () => {
    const client = publicClient();
    const person = somebody();
    const { data } = await client.auth.signUp({ email: person.email, password: "long enough 1" });
    const google = await signIn(publicClient(), "google", person);
    const github = await signIn(publicClient(), "github", person);
    expect(google.user.id).toBe(data.user?.id);
    expect(github.user.id).toBe(data.user?.id);
    expect(github.user.app_metadata).toMatchObject({
      provider: "email",
      providers: ["email", "google", "github"],
    });
    const back = await client.auth.signInWithPassword({
      email: person.email,
      password: "long enough 1",
    });
    expect(back.error).toBeNull();
  });

  test("the session says how it came to be", async () => {
    const client = publicClient();
    await signIn(client, "google", somebody());
    const { data } = await client.auth.getClaims();
    expect(data?.claims).toMatchObject({ aal: "aal1", amr: [{ method: "oauth" }] });
  });

  test("who says no at the provider is told so at the application", async () => {
    const landed = await goThrough(await startOf(publicClient(), "github"), { deny: "1" });
    expect(`${landed.origin}${landed.pathname}`).toBe(application);
    expect(landed.searchParams.get("error")).toBe("access_denied");
    expect(landed.searchParams.get("error_description")).toBeTruthy();
    expect(new URLSearchParams(landed.hash.slice(1)).get("error")).toBe("access_denied");
  });

  test("who is banned is told so", async () => {
    const person = somebody();
    const { user } = await signIn(publicClient(), "google", person);
    await serviceClient().auth.admin.updateUserById(user.id, { ban_duration: "24h" });
    const landed = await goThrough(await startOf(publicClient(), "google"), person);
    expect(landed.searchParams.get("error")).toBe("access_denied");
    expect(landed.searchParams.get("error_code")).toBe("user_banned");
  });

  test("a redirect that is not on the list leads to the site instead", async () => {
    const start = await startOf(publicClient(), "google", "https://evil.example/steal");
    const landed = await goThrough(start, somebody());
    expect(landed.origin).toBe("http://127.0.0.1:3000");
    expect(landed.pathname).toBe("/");
  });

  test("a state that Auth did not give, or that was used, ends at the site with an error", async () => {
    const callback = `${platform().url}/auth/v1/callback`;
    const forged = await fetch(`${callback}?code=x&state=${crypto.randomUUID()}`, {
      redirect: "manual",
    });
    expect(forged.status).toBe(303);
    expect(redirectOf(forged).searchParams.get("error_code")).toBe("bad_oauth_state");
    expect(redirectOf(forged).hash).toBe("");
    const odd = await visit(`${callback}?code=x&state=odd`);
    expect(odd.searchParams.get("error_description")).toBe("OAuth state parameter is invalid");
    const missing = await visit(`${callback}?code=x`);
    expect(missing.searchParams.get("error_code")).toBe("bad_oauth_callback");

    const page = await visit(await startOf(publicClient(), "google"));
    const back = await answer(page, somebody());
    expect((await visit(back)).hash).toContain("access_token");
    const replayed = await visit(back);
    expect(replayed.searchParams.get("error_code")).toBe("bad_oauth_state");
    expect(replayed.hash).not.toContain("access_token");
  });

  test("a state whose code was handed out is named as used", async () => {
    const page = await visit(await startOf(pkceClient(), "google"));
    const back = await answer(page, somebody());
    expect((await visit(back)).searchParams.get("code")).toBeTruthy();
    const replayed = await visit(back);
    expect(replayed.searchParams.get("error_code")).toBe("flow_state_already_used");
    expect(replayed.searchParams.get("code")).toBeNull();
  });

  test("a code that the provider did not give opens nothing", async () => {
    const page = await visit(await startOf(publicClient(), "google"));
    const state = page.searchParams.get("state");
    const landed = await visit(`${platform().url}/auth/v1/callback?code=forged&state=${state}`);
    expect(landed.searchParams.get("error")).toBe("server_error");
    expect(landed.searchParams.get("error_description")).toBe(
      "Unable to exchange external code: forg",
    );
  });

  test.each([
    ["Apple", "Unsupported provider: provider is not enabled"],
    ["Nobody", "Unsupported provider: Provider nobody could not be found"],
    ["", "Unsupported provider: Provider  could not be found"],
  ])("provider %j is refused", async (provider, msg) => {
    const response = await fetch(`${platform().url}/auth/v1/authorize?provider=${provider}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: "validation_failed", msg });
  });

  test("half a PKCE challenge is refused", async () => {
    const start = `${platform().url}/auth/v1/authorize?provider=google&code_challenge=abc`;
    const response = await fetch(start, { redirect: "manual" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      msg: "PKCE flow requires code_challenge_method and code_challenge",
    });
  });

  test("settings name the providers", async () => {
    const response = await fetch(`${platform().url}/auth/v1/settings`, {
      headers: { apikey: platform().publishableKey },
    });
    expect(await response.json()).toMatchObject({ external: { google: true, github: true } });
  });
});
