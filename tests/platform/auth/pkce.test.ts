import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import { transport } from "../../support/client.ts";
import { mailTo } from "../support/inbox.ts";
import { anAccount, claimsOf } from "../support/people.ts";
import { platform } from "../support/platform.ts";

/** A client that keeps its verifier to itself, as apps with a server do. */
const pkceClient = () => {
  const kept = new Map<string, string>();
  return createClient(platform().url, platform().publishableKey, {
    auth: {
      flowType: "pkce",
      autoRefreshToken: false,
      detectSessionInUrl: false,
      storage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => void kept.set(key, value),
        removeItem: (key) => void kept.delete(key),
      },
    },
    realtime: { transport },
  });
};

const back = "http://127.0.0.1:3000/callback";

const landingOf = async (link: string) => {
  const response = await fetch(link, { redirect: "manual" });
  expect(response.status).toBe(303);
  return new URL(response.headers.get("location") ?? "");
};

describe("mail links with PKCE", () => {
  test("lead back with a code that only the asking client can exchange, once", async () => {
    const { email, id } = await anAccount("ada");
    const client = pkceClient();
    await client.auth.signInWithOtp({ email, options: { emailRedirectTo: back } });
    const landing = await landingOf((await mailTo(email)).link);
    const code = landing.searchParams.get("code") ?? "";
    expect(code).not.toBe("");
    expect(landing.hash).toBe("");

    const stranger = pkceClient();
    await stranger.auth.signInWithOtp({ email: (await anAccount("mal")).email });
    const stolen = await stranger.auth.exchangeCodeForSession(code);
    expect(stolen.error).toMatchObject({ status: 400, code: "bad_code_verifier" });

    const { data, error } = await client.auth.exchangeCodeForSession(code);
    expect(error).toBeNull();
    expect(data.user?.id).toBe(id);
    expect(claimsOf(data.session)).toMatchObject({ amr: [{ method: "magiclink" }] });
  });

  test("of a recovery say so to the client", async () => {
    const { email } = await anAccount("ada");
    const client = pkceClient();
    await client.auth.resetPasswordForEmail(email, { redirectTo: back });
    const landing = await landingOf((await mailTo(email)).link);
    const events: string[] = [];
    client.auth.onAuthStateChange((event) => void events.push(event));
    const { error } = await client.auth.exchangeCodeForSession(
      landing.searchParams.get("code") ?? "",
    );
    expect(error).toBeNull();
    await expect.poll(() => events).toContain("PASSWORD_RECOVERY");
  });

  test("that are spent lead back with the error in query and fragment", async () => {
    const { email } = await anAccount("ada");
    await pkceClient().auth.signInWithOtp({ email, options: { emailRedirectTo: back } });
    const { link } = await mailTo(email);
    await landingOf(link);
    const landing = await landingOf(link);
    expect(landing.searchParams.get("error_code")).toBe("otp_expired");
    const fragment = new URLSearchParams(landing.hash.slice(1));
    expect(fragment.get("error_code")).toBe("otp_expired");
    // Marks where the redirect is from, in the fragment alone.
    expect([fragment.get("sb"), landing.searchParams.get("sb")]).toEqual(["", null]);
  });
});

test("half a challenge is refused", async () => {
  const response = await fetch(`${platform().url}/auth/v1/otp`, {
    method: "POST",
    headers: { apikey: platform().publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ email: "ada@example.test", code_challenge: "x".repeat(43) }),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error_code: "validation_failed",
    msg: "PKCE flow requires code_challenge_method and code_challenge",
  });
});

test("an unknown code is no session", async () => {
  const client = pkceClient();
  await client.auth.signInWithOtp({ email: (await anAccount("ada")).email });
  const { error } = await client.auth.exchangeCodeForSession(
    "00000000-0000-4000-8000-000000000000",
  );
  expect(error).toMatchObject({ status: 404, code: "flow_state_not_found" });
});
