import { describe, expect, test } from "vitest";
import { anAccount, anAddress, claimsOf, password } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

describe("signing up", () => {
  test("answers with a session whose token carries Supabase's claims", async () => {
    const { session, id, email } = await anAccount("ada");
    const claims = claimsOf(session);
    expect(claims).toMatchObject({
      iss: `${platform().url}/auth/v1`,
      sub: id,
      aud: "authenticated",
      role: "authenticated",
      email,
      phone: "",
      aal: "aal1",
      amr: [{ method: "password", timestamp: expect.any(Number) }],
      is_anonymous: false,
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: { full_name: "ada", email, email_verified: true, sub: id },
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(session.expires_in);
    expect(session.expires_at).toBe(claims.exp);
  });

  test("makes a user with one identity, confirmed at once while confirmations are off", async () => {
    const { user, id, email } = await anAccount("ada");
    expect(user).toMatchObject({
      id,
      aud: "authenticated",
      role: "authenticated",
      email,
      phone: "",
      email_confirmed_at: expect.stringMatching(/Z$/),
      confirmed_at: expect.any(String),
      last_sign_in_at: expect.any(String),
      is_anonymous: false,
      identities: [
        {
          id,
          user_id: id,
          provider: "email",
          email,
          identity_id: expect.any(String),
          identity_data: { sub: id, email, email_verified: false, phone_verified: false },
        },
      ],
    });
    expect(user).not.toHaveProperty("encrypted_password");
  });

  test("takes an address at a host without a dot", async () => {
    const [name] = anAddress("ada").split("@");
    const email = `${name}@localhost`;
    const { data, error } = await publicClient().auth.signUp({ email, password });
    expect(error).toBeNull();
    expect(data.user?.email).toBe(email);
  });

  test("takes an address in any case, and keeps it in lower case", async () => {
    const email = anAddress("Ada").toUpperCase();
    const { data } = await publicClient().auth.signUp({ email, password });
    expect(data.user?.email).toBe(email.toLowerCase());
    const signedIn = await publicClient().auth.signInWithPassword({ email, password });
    expect(signedIn.error).toBeNull();
  });

  test("with an address that has an account is refused", async () => {
    const { email } = await anAccount("ada");
    const { error } = await publicClient().auth.signUp({ email, password });
    expect(error).toMatchObject({ status: 422, code: "user_already_exists" });
  });

  test("twice at the same time makes one account", async () => {
    const email = anAddress("twin");
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => publicClient().auth.signUp({ email, password })),
    );
    const codes = answers.map(({ error }) => error?.code ?? "ok").sort();
    expect(codes).toEqual(["ok", "user_already_exists", "user_already_exists"]);
  });

  test("refuses a password that is too short and says what it lacks", async () => {
    const { error } = await publicClient().auth.signUp({ email: anAddress(), password: "short" });
    expect(error).toMatchObject({
      status: 422,
      code: "weak_password",
      reasons: ["length"],
      message: "Password should be at least 8 characters.",
    });
  });

  test.each([
    ["no address", { email: "not an address", password }, 400],
    ["no password", { email: anAddress(), password: "" }, 400],
    ["a password that bcrypt would cut", { email: anAddress(), password: "x".repeat(73) }, 400],
  ])("refuses %s", async (_, credentials, status) => {
    const { error } = await publicClient().auth.signUp(credentials);
    expect(error).toMatchObject({ status, code: "validation_failed" });
  });

  test("by phone is refused while the provider is off", async () => {
    const { error } = await publicClient().auth.signUp({ phone: "+15550100", password });
    expect(error).toMatchObject({ status: 400, code: "phone_provider_disabled" });
  });
});

describe("signing in", () => {
  test("with a wrong password and with an unknown address get the same answer", async () => {
    const { email } = await anAccount("ada");
    const client = publicClient();
    const wrong = await client.auth.signInWithPassword({ email, password: "not it at all" });
    const unknown = await client.auth.signInWithPassword({ email: anAddress("no"), password });
    for (const { error } of [wrong, unknown]) {
      expect(error).toMatchObject({
        status: 400,
        code: "invalid_credentials",
        message: "Invalid login credentials",
      });
    }
  });

  test("makes a session of its own beside the others", async () => {
    const { email, session } = await anAccount("ada");
    const { data } = await publicClient().auth.signInWithPassword({ email, password });
    expect(claimsOf(data.session).session_id).not.toBe(claimsOf(session).session_id);
    expect(claimsOf(data.session).sub).toBe(claimsOf(session).sub);
  });

  test("moves last_sign_in_at, a refresh does not", async () => {
    const { client, email, user } = await anAccount("ada");
    const signedIn = await client.auth.signInWithPassword({ email, password });
    const at = signedIn.data.user?.last_sign_in_at ?? "";
    expect(Date.parse(at)).toBeGreaterThan(Date.parse(user.last_sign_in_at ?? ""));
    const refreshed = await client.auth.refreshSession();
    expect(refreshed.data.user?.last_sign_in_at).toBe(at);
  });

  test("with an id token of a provider that is off is refused", async () => {
    const { error } = await publicClient().auth.signInWithIdToken({
      provider: "apple",
      token: "e30.e30.e30",
    });
    expect(error?.status).toBe(400);
  });
});

describe("the user", () => {
  test("is what getUser shows, identity and all", async () => {
    const { client, email, user } = await anAccount("ada");
    const { data, error } = await client.auth.getUser();
    expect(error).toBeNull();
    expect(data.user).toEqual(user);
    expect(data.user?.identities).toMatchObject([{ provider: "email", email }]);
  });

  test("changes their own data, key by key; null removes a key", async () => {
    const { client } = await anAccount("ada", { city: "London" });
    await client.auth.updateUser({ data: { locale: "de", city: null } });
    const { data } = await client.auth.getUser();
    expect(data.user?.user_metadata).toMatchObject({ full_name: "ada", locale: "de" });
    expect(data.user?.user_metadata).not.toHaveProperty("city");
    const refreshed = await client.auth.refreshSession();
    expect(claimsOf(refreshed.data.session).user_metadata).toMatchObject({ locale: "de" });
  });

  test("cannot write app_metadata, role or somebody else's row", async () => {
    const { client, session, id } = await anAccount("ada");
    const response = await fetch(`${platform().url}/auth/v1/user`, {
      method: "PUT",
      headers: {
        apikey: platform().publishableKey,
        authorization: `Bearer ${session.access_token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ app_metadata: { roles: ["admin"] } }),
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 403, error_code: "not_admin" });
    const { data } = await client.auth.getUser();
    expect(data.user).toMatchObject({ id, app_metadata: { provider: "email" } });
  });

  test("sets a new password, which ends their other sessions", async () => {
    const { client, email } = await anAccount("ada");
    const elsewhere = publicClient();
    await elsewhere.auth.signInWithPassword({ email, password });

    const same = await client.auth.updateUser({ password });
    expect(same.error).toMatchObject({ status: 422, code: "same_password" });
    const changed = await client.auth.updateUser({ password: "a new one entirely" });
    expect(changed.error).toBeNull();

    expect((await client.auth.refreshSession()).error).toBeNull();
    expect((await elsewhere.auth.refreshSession()).error).not.toBeNull();
    const fresh = publicClient();
    const old = await fresh.auth.signInWithPassword({ email, password });
    expect(old.error?.code).toBe("invalid_credentials");
    const renewed = await fresh.auth.signInWithPassword({ email, password: "a new one entirely" });
    expect(renewed.error).toBeNull();
  });
});
