import type { SupabaseClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import { aGuest, anAccount, anAddress, claimsOf } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

const ownNotes = async (client: SupabaseClient) => {
  const { data } = await client.from("notes").select("body, owner_id");
  return data;
};

describe("guests", () => {
  test("signing in anonymously makes a user without address and a token that says so", async () => {
    const { id, user, session } = await aGuest({ from: "landing" });
    expect(user).toMatchObject({
      email: "",
      is_anonymous: true,
      role: "authenticated",
      identities: [],
      app_metadata: {},
      user_metadata: { from: "landing" },
    });
    expect(claimsOf(session)).toMatchObject({
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
    expect(data.session?.refresh_token).not.toBe(session.refresh_token);
    expect(claimsOf(data.session)).toMatchObject({
      sub: id,
      is_anonymous: true,
      session_id: claimsOf(session).session_id,
    });
  });

  test("a guest writes and sees only rows of its own", async () => {
    const [ada, bo] = [await aGuest(), await aGuest()];
    expect((await ada.client.from("notes").insert({ body: "mine" })).error).toBeNull();
    expect(await ownNotes(ada.client)).toEqual([{ body: "mine", owner_id: ada.id }]);
    expect(await ownNotes(bo.client)).toEqual([]);
    const forged = await bo.client.from("notes").insert({ body: "yours?", owner_id: ada.id });
    expect(forged.error?.code).toBe("42501");
  });

  test("data that is no object is refused", async () => {
    const response = await fetch(`${platform().url}/auth/v1/signup`, {
      method: "POST",
      headers: { apikey: platform().publishableKey, "content-type": "application/json" },
      body: JSON.stringify({ data: "text" }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 400, error_code: "bad_json" });
  });
});

describe("a guest who says who they are", () => {
  test("becomes a full account with the same id and rows", async () => {
    const { client, id } = await aGuest({ theme: "dark" });
    await client.from("notes").insert({ body: "before" });
    const email = anAddress("ada");
    const { data, error } = await client.auth.updateUser({ email, password: "long enough now" });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id,
      email,
      email_confirmed_at: expect.any(String),
      is_anonymous: false,
      identities: [{ provider: "email", email, identity_data: { email_verified: true } }],
      user_metadata: { theme: "dark" },
    });

    const refreshed = await client.auth.refreshSession();
    expect(claimsOf(refreshed.data.session)).toMatchObject({
      sub: id,
      is_anonymous: false,
      email,
    });
    // GoTrue names the provider at the next verification, not in this change (internal/api/user.go).
    expect(claimsOf(refreshed.data.session).app_metadata).toEqual({});

    const elsewhere = publicClient();
    const signedIn = await elsewhere.auth.signInWithPassword({
      email,
      password: "long enough now",
    });
    expect(signedIn.data.user?.id).toBe(id);
    expect(await ownNotes(elsewhere)).toEqual([{ body: "before", owner_id: id }]);
  });

  test("cannot take over an address that somebody has", async () => {
    const { email } = await anAccount("ada");
    const { client } = await aGuest();
    const { error } = await client.auth.updateUser({ email, password: "long enough too" });
    expect(error).toMatchObject({ status: 422, code: "email_exists" });
    expect((await client.auth.getUser()).data.user?.is_anonymous).toBe(true);
  });

  test("cannot set a password without an address", async () => {
    const { client } = await aGuest();
    const { error } = await client.auth.updateUser({ password: "long enough now" });
    expect(error).toMatchObject({ status: 422, code: "validation_failed" });
  });

  test("stays as they were when the password is weak", async () => {
    const { client } = await aGuest();
    const { error } = await client.auth.updateUser({ email: anAddress("ada"), password: "short" });
    expect(error).toMatchObject({ status: 422, code: "weak_password" });
    expect((await client.auth.getUser()).data.user).toMatchObject({
      email: "",
      is_anonymous: true,
    });
  });
});
