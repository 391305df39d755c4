import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { anAddress, claimsOf, password } from "../../platform/support/people.ts";
import { type OwnAuth, openAuthDatabase, ownAuth } from "./own-auth.ts";

let database: Database;
let auth: OwnAuth;

beforeAll(async () => {
  database = await openAuthDatabase();
  auth = await ownAuth(database, { email: { enable_confirmations: true, max_frequency: "0s" } });
});

afterAll(() => database.close());

const signUp = async (name = "ada") => {
  const client = auth.client();
  const email = anAddress(name);
  const { data, error } = await client.auth.signUp({
    email,
    password,
    options: { data: { full_name: name } },
  });
  expect(error).toBeNull();
  return { client, email, data };
};

const confirmed = async (name = "ada") => {
  const { client, email } = await signUp(name);
  const { code } = auth.mailTo(email);
  const { data } = await client.auth.verifyOtp({ email, token: code, type: "signup" });
  return { client, email, id: data.user?.id ?? "" };
};

describe("with confirmations on", () => {
  test("an account opens only once its address is verified by mail", async () => {
    const { client, email, data } = await signUp();
    expect(data.session).toBeNull();
    expect(data.user).toMatchObject({ email, confirmation_sent_at: expect.any(String) });
    const early = await client.auth.signInWithPassword({ email, password });
    expect(early.error).toMatchObject({ status: 400, code: "email_not_confirmed" });

    const { code } = auth.mailTo(email);
    const verified = await client.auth.verifyOtp({ email, token: code, type: "signup" });
    expect(verified.data.user).toMatchObject({
      email_confirmed_at: expect.any(String),
      user_metadata: { full_name: "ada", email_verified: true },
      identities: [{ identity_data: { email_verified: true } }],
    });
    expect((await client.auth.signInWithPassword({ email, password })).error).toBeNull();
  });

  test("a second sign-up looks like the first, mails nobody and changes nothing", async () => {
    const { email, id } = await confirmed();
    const before = auth.mails.length;
    const { data, error } = await auth.client().auth.signUp({ email, password: "another one" });
    expect(error).toBeNull();
    expect(data.session).toBeNull();
    expect(data.user).toMatchObject({ email, identities: [], role: "" });
    expect(data.user?.id).not.toBe(id);
    expect(auth.mails.length).toBe(before);
    const old = await auth.client().auth.signInWithPassword({ email, password });
    expect(old.data.user?.id).toBe(id);
  });

  test("a sign-up repeated before it was confirmed mails again and keeps the first password", async () => {
    const { email, data } = await signUp();
    const again = await auth.client().auth.signUp({ email, password: "somebody else's" });
    expect(again.data.user?.id).toBe(data.user?.id);
    const { code } = auth.mailTo(email);
    await auth.client().auth.verifyOtp({ email, token: code, type: "signup" });
    expect((await auth.client().auth.signInWithPassword({ email, password })).error).toBeNull();
  });

  test("a one-time code for a new address confirms it only when it is typed", async () => {
    const client = auth.client();
    const email = anAddress("new");
    await client.auth.signInWithOtp({ email });
    expect(auth.mailTo(email).subject).toBe("Confirm Your Email");
    const { rows } = await database.query<{ at: string | null }>(
      "select u.email_confirmed_at as at from auth.users u where u.email = $1",
      [email],
    );
    expect(rows).toEqual([{ at: null }]);
    const { code } = auth.mailTo(email);
    const { data } = await client.auth.verifyOtp({ email, token: code, type: "email" });
    expect(data.user?.email_confirmed_at).toEqual(expect.any(String));
  });

  test("a guest stays one until the mail's link is followed", async () => {
    const client = auth.client();
    const { data: guest } = await client.auth.signInAnonymously();
    const email = anAddress("ada");
    const asked = await client.auth.updateUser({ email });
    expect(asked.data.user).toMatchObject({ is_anonymous: true, new_email: email });

    const { code } = auth.mailTo(email);
    const { data, error } = await client.auth.verifyOtp({
      email,
      token: code,
      type: "email_change",
    });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id: guest.user?.id,
      email,
      is_anonymous: false,
      app_metadata: { provider: "email", providers: ["email"] },
    });
    expect(claimsOf(data.session).is_anonymous).toBe(false);
  });

  test("a change of address needs a yes from both mailboxes, in either order", async () => {
    for (const first of ["old", "new"] as const) {
      const { client, email } = await confirmed();
      const newEmail = anAddress("lovelace");
      await client.auth.updateUser({ email: newEmail });
      const addresses = first === "old" ? [email, newEmail] : [newEmail, email];
      const [half, whole] = await Promise.all(
        addresses.map(async (address) => ({ address, code: auth.mailTo(address).code })),
      );
      const verify = ({ address = "", code = "" } = {}) =>
        auth.client().auth.verifyOtp({ email: address, token: code, type: "email_change" });

      const accepted = await verify(half);
      expect(accepted.error).toBeNull();
      expect(accepted.data.session).toBeNull();
      expect((await client.auth.getUser()).data.user?.email).toBe(email);
      expect((await verify(half)).error?.code).toBe("otp_expired");
      const done = await verify(whole);
      expect(done.data.user?.email).toBe(newEmail);
    }
  });

  test("the first of two links says that the other is still to be followed", async () => {
    const { client, email } = await confirmed();
    await client.auth.updateUser({ email: anAddress("lovelace") });
    const link = new URL(auth.mailTo(email).link);
    const response = await auth.ask(`/verify${link.search}`);
    expect(response.status).toBe(303);
    expect(decodeURIComponent(response.headers.get("location") ?? "")).toContain(
      "#message=Confirmation+link+accepted.",
    );
  });
});

test("without double confirmation the new mailbox alone decides", async () => {
  const single = await ownAuth(database, {
    email: { double_confirm_changes: false, max_frequency: "0s" },
  });
  const client = single.client();
  const email = anAddress("ada");
  await client.auth.signUp({ email, password });
  const newEmail = anAddress("lovelace");
  await client.auth.updateUser({ email: newEmail });
  expect(single.mails.map(({ to }) => to)).toEqual([newEmail]);
});

test("a code or link is worth nothing once its time is over", async () => {
  const brief = await ownAuth(database, { email: { otp_expiry: 0, max_frequency: "0s" } });
  const email = anAddress("ada");
  await brief.client().auth.signUp({ email, password });
  await brief.client().auth.resetPasswordForEmail(email);
  const { code, link } = brief.mailTo(email);
  const { error } = await brief.client().auth.verifyOtp({ email, token: code, type: "recovery" });
  expect(error).toMatchObject({ status: 403, code: "otp_expired" });
  const followed = await brief.ask(`/verify${new URL(link).search}`);
  expect(followed.headers.get("location")).toContain("error_code=otp_expired");
});

test("codes are as long as config.toml says, and mails have the project's words", async () => {
  const worded = await ownAuth(
    database,
    { email: { otp_length: 8, max_frequency: "0s" } },
    {
      templates: {
        ...(await import("../../../stack/auth/mails.ts")).standardTemplates(),
        recovery: {
          subject: "Hello {{ .Data.full_name }}",
          content: "<p>{{ .Data.full_name }} of {{ .Email }}: code: {{ .Token }}</p>",
        },
      },
    },
  );
  const email = anAddress("ada");
  const full_name = "<Ada> & Co";
  await worded.client().auth.signUp({ email, password, options: { data: { full_name } } });
  await worded.client().auth.resetPasswordForEmail(email);
  const mail = worded.mailTo(email);
  expect(mail.subject).toBe(`Hello ${full_name}`);
  expect(mail.html).toContain(`&lt;Ada&gt; &amp; Co of ${email}`);
  expect(mail.code).toMatch(/^\d{8}$/);
});
