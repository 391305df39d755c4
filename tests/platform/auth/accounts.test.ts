import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anAddress, latestMail, type Platform, startPlatform } from "./local-stack.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);

afterAll(() => platform.stop());

const password = "correct horse battery";

const anAccount = async (name: string) => {
  const client = platform.client();
  const email = anAddress(name);
  const { data, error } = await client.auth.signUp({
    email,
    password,
    options: { data: { full_name: name } },
  });
  expect(error).toBeNull();
  return { client, email, session: data.session, user: data.user };
};

describe("accounts", () => {
  test("a sign-up answers with a session whose token carries Supabase's claims", async () => {
    const { session, user, email } = await anAccount("ada");
    const claims = await platform.tokens.verify(session?.access_token ?? "");
    expect(claims).toMatchObject({
      iss: `${platform.url}/auth/v1`,
      sub: user?.id,
      aud: "authenticated",
      role: "authenticated",
      email,
      phone: "",
      aal: "aal1",
      amr: [{ method: "password", timestamp: expect.any(Number) }],
      is_anonymous: false,
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: { full_name: "ada" },
      session_id: expect.any(String),
    });
    expect((claims.exp ?? 0) - Math.floor(Date.now() / 1000)).toBeGreaterThan(890);
    expect(session?.expires_in).toBe(900);
  });

  test("the second sign-up with an address is refused", async () => {
    const { email } = await anAccount("ada");
    const { error } = await platform.client().auth.signUp({ email, password });
    expect(error).toMatchObject({ status: 422, code: "user_already_exists" });
  });

  test("a password that is too short is refused", async () => {
    const { error } = await platform
      .client()
      .auth.signUp({ email: anAddress("ada"), password: "short" });
    expect(error).toMatchObject({ status: 422, code: "weak_password" });
  });

  test("a wrong password and an unknown address get the same answer", async () => {
    const { email } = await anAccount("ada");
    const client = platform.client();
    const wrong = await client.auth.signInWithPassword({ email, password: "not it at all" });
    const unknown = await client.auth.signInWithPassword({ email: anAddress("no"), password });
    expect(wrong.error).toMatchObject({ status: 400, code: "invalid_credentials" });
    expect(unknown.error).toMatchObject({ status: 400, code: "invalid_credentials" });
  });

  test("getUser shows the account and its identity", async () => {
    const { client, email, user } = await anAccount("ada");
    const { data, error } = await client.auth.getUser();
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id: user?.id,
      email,
      role: "authenticated",
      is_anonymous: false,
      user_metadata: { full_name: "ada" },
      identities: [{ provider: "email", user_id: user?.id, email }],
    });
    expect(data.user?.created_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test("a user's own data can be changed", async () => {
    const { client } = await anAccount("ada");
    const { data, error } = await client.auth.updateUser({ data: { locale: "de" } });
    expect(error).toBeNull();
    expect(data.user?.user_metadata).toMatchObject({ full_name: "ada", locale: "de" });
  });

  test("a trigger on auth.users may not do what Supabase's auth role may not", async () => {
    const { rows } = await platform.database.query<{ owner: string }>(
      "select tableowner as owner from pg_catalog.pg_tables where schemaname = 'auth' and tablename = 'users'",
    );
    expect(rows).toEqual([{ owner: "supabase_auth_admin" }]);
  });
});

describe("sessions", () => {
  test("a refresh rotates the refresh token and keeps the session", async () => {
    const { client, session } = await anAccount("ada");
    const before = await platform.tokens.verify(session?.access_token ?? "");
    const { data, error } = await client.auth.refreshSession();
    expect(error).toBeNull();
    expect(data.session?.refresh_token).not.toBe(session?.refresh_token);
    const after = await platform.tokens.verify(data.session?.access_token ?? "");
    expect(after.session_id).toBe(before.session_id);
    expect(after).toMatchObject({ amr: [{ method: "password" }] });
  });

  test("a refresh token used again after two rotations ends the session", async () => {
    const { client, session } = await anAccount("ada");
    const stolen = session?.refresh_token ?? "";
    await client.auth.refreshSession();
    const { data: current } = await client.auth.refreshSession();
    const thief = await platform.client().auth.refreshSession({ refresh_token: stolen });
    expect(thief.error).toMatchObject({ status: 400, code: "refresh_token_already_used" });
    const owner = await platform
      .client()
      .auth.refreshSession({ refresh_token: current.session?.refresh_token ?? "" });
    expect(owner.error).toMatchObject({ status: 400, code: "refresh_token_already_used" });
  });

  test("ten tabs refreshing one token at once all end up with the same new one", async () => {
    const { session } = await anAccount("ada");
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        platform.client().auth.refreshSession({ refresh_token: session?.refresh_token ?? "" }),
      ),
    );
    expect(answers.map(({ error }) => error)).toEqual(Array(10).fill(null));
    expect(new Set(answers.map(({ data }) => data.session?.refresh_token)).size).toBe(1);
  });

  test("an unknown refresh token is refused", async () => {
    const { error } = await platform.client().auth.refreshSession({ refresh_token: "made-up" });
    expect(error?.status).toBe(400);
  });

  test("sign-out ends the session on the server", async () => {
    const { client, session } = await anAccount("ada");
    expect((await client.auth.signOut()).error).toBeNull();
    const refreshed = await platform
      .client()
      .auth.refreshSession({ refresh_token: session?.refresh_token ?? "" });
    expect(refreshed.error).toMatchObject({ status: 400, code: "refresh_token_not_found" });
    const asked = await platform.client().auth.getUser(session?.access_token);
    // What supabase-js makes of Auth's 403 `session_not_found`.
    expect(asked.error?.name).toBe("AuthSessionMissingError");
  });
});

describe("mails", () => {
  test("the recovery mail's code signs in, and a new password can be set", async () => {
    const { email } = await anAccount("ada");
    const client = platform.client();
    expect((await client.auth.resetPasswordForEmail(email)).error).toBeNull();
    const { subject, code } = await latestMail(platform, email);
    expect(subject).toBe("Reset Your Password");

    const { data, error } = await client.auth.verifyOtp({ email, token: code, type: "recovery" });
    expect(error).toBeNull();
    const claims = await platform.tokens.verify(data.session?.access_token ?? "");
    expect(claims).toMatchObject({ amr: [{ method: "otp" }] });

    expect((await client.auth.updateUser({ password: "a new one entirely" })).error).toBeNull();
    const fresh = platform.client();
    const old = await fresh.auth.signInWithPassword({ email, password });
    expect(old.error?.code).toBe("invalid_credentials");
    const signedIn = await fresh.auth.signInWithPassword({ email, password: "a new one entirely" });
    expect(signedIn.error).toBeNull();
  });

  test("the recovery mail's link leads through the API back to where the client asked", async () => {
    const { email } = await anAccount("ada");
    const redirectTo = "http://127.0.0.1:3000/new-password";
    await platform.client().auth.resetPasswordForEmail(email, { redirectTo });
    const { link } = await latestMail(platform, email);
    expect(link).toMatch(new RegExp(`^${platform.url}/auth/v1/verify\\?`));

    const response = await fetch(link, { redirect: "manual" });
    expect(response.status).toBe(303);
    const [target, fragment] = response.headers.get("location")?.split("#") ?? [];
    expect(target).toBe(redirectTo);
    const carried = new URLSearchParams(fragment);
    expect(carried.get("type")).toBe("recovery");
    const claims = await platform.tokens.verify(carried.get("access_token") ?? "");
    expect(claims).toMatchObject({ email, amr: [{ method: "otp" }], is_anonymous: false });

    const again = await fetch(link, { redirect: "manual" });
    expect(again.headers.get("location")).toContain("error_code=otp_expired");
  });

  test("a link never leads to a site that the project does not list", async () => {
    const { email } = await anAccount("ada");
    await platform
      .client()
      .auth.resetPasswordForEmail(email, { redirectTo: "https://evil.example/steal" });
    const { link } = await latestMail(platform, email);
    const response = await fetch(link, { redirect: "manual" });
    expect(response.headers.get("location")).toMatch(/^http:\/\/127\.0\.0\.1:3000\/?#/);
  });

  test("a wrong code is refused", async () => {
    const { email } = await anAccount("ada");
    const client = platform.client();
    await client.auth.resetPasswordForEmail(email);
    const { code } = await latestMail(platform, email);
    const wrong = code === "000000" ? "000001" : "000000";
    const { error } = await client.auth.verifyOtp({ email, token: wrong, type: "recovery" });
    expect(error).toMatchObject({ status: 403, code: "otp_expired" });
  });

  test("a one-time code signs in without a password", async () => {
    const { email, user } = await anAccount("ada");
    const client = platform.client();
    expect((await client.auth.signInWithOtp({ email })).error).toBeNull();
    const { code } = await latestMail(platform, email);
    const { data, error } = await client.auth.verifyOtp({ email, token: code, type: "email" });
    expect(error).toBeNull();
    expect(data.user?.id).toBe(user?.id);
  });

  test("a recovery for an unknown address reveals nothing and sends nothing", async () => {
    const email = anAddress("nobody");
    expect((await platform.client().auth.resetPasswordForEmail(email)).error).toBeNull();
    const answer = await platform.mail.fetch(
      new Request(`http://127.0.0.1/api/v1/search?query=to:${encodeURIComponent(email)}`),
    );
    expect(await answer.json()).toMatchObject({ messages_count: 0 });
  });
});
