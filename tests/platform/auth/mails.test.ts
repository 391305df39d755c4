import { describe, expect, test } from "vitest";
import { countMailsTo, mailTo } from "../support/inbox.ts";
import { anAccount, anAddress, claimsOf } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

const follow = async (link: string) => {
  const response = await fetch(link, { redirect: "manual" });
  const target = new URL(response.headers.get("location") ?? "");
  const fragment = new URLSearchParams(target.hash.slice(1));
  target.hash = "";
  return { status: response.status, target, fragment };
};

const back = "http://127.0.0.1:3000/welcome";

describe("a recovery mail", () => {
  test("carries a code that signs in, so that a new password can be set", async () => {
    const { email } = await anAccount("ada");
    const client = publicClient();
    expect((await client.auth.resetPasswordForEmail(email)).error).toBeNull();
    const { code } = await mailTo(email);

    const { data, error } = await client.auth.verifyOtp({ email, token: code, type: "recovery" });
    expect(error).toBeNull();
    expect(claimsOf(data.session)).toMatchObject({ amr: [{ method: "otp" }] });
    expect((await client.auth.updateUser({ password: "a new one entirely" })).error).toBeNull();
    const signedIn = await publicClient().auth.signInWithPassword({
      email,
      password: "a new one entirely",
    });
    expect(signedIn.error).toBeNull();
  });

  test("carries a link through the API back to where the client asked, once", async () => {
    const { email, id } = await anAccount("ada");
    await publicClient().auth.resetPasswordForEmail(email, { redirectTo: back });
    const { link } = await mailTo(email);
    expect(link).toMatch(new RegExp(`^${platform().url}/auth/v1/verify\\?`));

    const { status, target, fragment } = await follow(link);
    expect([status, target.toString()]).toEqual([303, back]);
    expect(fragment.get("type")).toBe("recovery");
    expect(fragment.get("token_type")).toBe("bearer");
    const { data } = await publicClient().auth.setSession({
      access_token: fragment.get("access_token") ?? "",
      refresh_token: fragment.get("refresh_token") ?? "",
    });
    expect(data.user).toMatchObject({ id, email, is_anonymous: false });

    const again = await follow(link);
    expect(again.status).toBe(303);
    expect(Object.fromEntries(again.fragment)).toMatchObject({
      error: "access_denied",
      error_code: "otp_expired",
      error_description: "Email link is invalid or has expired",
    });
  });

  test("never leads to a site that the project does not list", async () => {
    const { email } = await anAccount("ada");
    await publicClient().auth.resetPasswordForEmail(email, {
      redirectTo: "https://evil.example/steal",
    });
    const { target } = await follow((await mailTo(email)).link);
    expect(target.origin).toBe("http://127.0.0.1:3000");
  });

  test("has a hash that a server can verify by itself", async () => {
    const { email, id } = await anAccount("ada");
    await publicClient().auth.resetPasswordForEmail(email);
    const { link } = await mailTo(email);
    const token_hash = new URL(link).searchParams.get("token") ?? "";
    const { data, error } = await publicClient().auth.verifyOtp({ token_hash, type: "recovery" });
    expect(error).toBeNull();
    expect(data.user?.id).toBe(id);
  });

  test("is not sent to an unknown address, with the same answer", async () => {
    const email = anAddress("nobody");
    expect((await publicClient().auth.resetPasswordForEmail(email)).error).toBeNull();
    const { email: known } = await anAccount("ada");
    await publicClient().auth.resetPasswordForEmail(known);
    await mailTo(known);
    expect(await countMailsTo(email)).toBe(0);
  });
});

describe("a code", () => {
  test("that is wrong is refused, and the right one still works", async () => {
    const { email } = await anAccount("ada");
    const client = publicClient();
    await client.auth.resetPasswordForEmail(email);
    const { code } = await mailTo(email);
    const wrong = code === "000000" ? "000001" : "000000";
    const refused = await client.auth.verifyOtp({ email, token: wrong, type: "recovery" });
    expect(refused.error).toMatchObject({
      status: 403,
      code: "otp_expired",
      message: "Token has expired or is invalid",
    });
    const { error } = await client.auth.verifyOtp({ email, token: code, type: "recovery" });
    expect(error).toBeNull();
  });

  test("of another address is refused", async () => {
    const [ada, bo] = [await anAccount("ada"), await anAccount("bo")];
    await publicClient().auth.resetPasswordForEmail(ada.email);
    const { code } = await mailTo(ada.email);
    const { error } = await publicClient().auth.verifyOtp({
      email: bo.email,
      token: code,
      type: "recovery",
    });
    expect(error?.code).toBe("otp_expired");
  });

  test("signs in without a password", async () => {
    const { email, id } = await anAccount("ada");
    const client = publicClient();
    expect((await client.auth.signInWithOtp({ email })).error).toBeNull();
    const { code } = await mailTo(email);
    const { data, error } = await client.auth.verifyOtp({ email, token: code, type: "email" });
    expect(error).toBeNull();
    expect(data.user?.id).toBe(id);
  });

  test("opens an account for an address that has none", async () => {
    const email = anAddress("new");
    const client = publicClient();
    await client.auth.signInWithOtp({ email, options: { data: { plan: "free" } } });
    const { code } = await mailTo(email);
    const { data, error } = await client.auth.verifyOtp({ email, token: code, type: "email" });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({ email, user_metadata: { plan: "free" } });
  });

  test("is not mailed to strangers where the client wants no new users", async () => {
    const { error } = await publicClient().auth.signInWithOtp({
      email: anAddress("new"),
      options: { shouldCreateUser: false },
    });
    expect(error).toMatchObject({ status: 422, code: "otp_disabled" });
  });
});

describe("a magic link", () => {
  test("signs in and leads back", async () => {
    const { email, id } = await anAccount("ada");
    await publicClient().auth.signInWithOtp({ email, options: { emailRedirectTo: back } });
    const { target, fragment } = await follow((await mailTo(email)).link);
    expect(target.toString()).toBe(back);
    expect(fragment.get("type")).toBe("magiclink");
    expect(claimsOf({ access_token: fragment.get("access_token") ?? "" }).sub).toBe(id);
  });
});

describe("a change of address", () => {
  test("mails both addresses and happens when one of them confirms", async () => {
    const { client, email, id } = await anAccount("ada");
    const newEmail = anAddress("lovelace");
    const asked = await client.auth.updateUser({ email: newEmail });
    expect(asked.data.user).toMatchObject({ id, email, new_email: newEmail });
    const [toOld, toNew] = [await mailTo(email), await mailTo(newEmail)];
    expect(toOld.code).not.toBe(toNew.code);

    const { data, error } = await publicClient().auth.verifyOtp({
      email: newEmail,
      token: toNew.code,
      type: "email_change",
    });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id,
      email: newEmail,
      identities: [{ provider: "email", email: newEmail }],
    });
    expect(data.user?.new_email).toBeUndefined();
  });

  test("to somebody else's is refused", async () => {
    const [ada, bo] = [await anAccount("ada"), await anAccount("bo")];
    const { error } = await ada.client.auth.updateUser({ email: bo.email });
    expect(error).toMatchObject({ status: 422, code: "email_exists" });
  });
});

describe("reauthentication", () => {
  test("mails a code to the signed-in user", async () => {
    const { client, email } = await anAccount("ada");
    expect((await client.auth.reauthenticate()).error).toBeNull();
    expect((await mailTo(email)).code).toMatch(/^\d{6}$/);
  });
});

describe("resending", () => {
  test("says nothing of who has an account, and needs a type it knows", async () => {
    const { email } = await anAccount("ada");
    for (const address of [email, anAddress("nobody")]) {
      const { error } = await publicClient().auth.resend({ type: "signup", email: address });
      expect(error).toBeNull();
    }
    expect(await countMailsTo(email)).toBe(0);
  });

  test("sends the mails of a pending change anew, and the first ones stop working", async () => {
    const { client, email } = await anAccount("ada");
    const newEmail = anAddress("lovelace");
    await client.auth.updateUser({ email: newEmail });
    const first = await mailTo(newEmail);
    expect((await client.auth.resend({ type: "email_change", email })).error).toBeNull();
    const second = await mailTo(newEmail, 2);
    const verify = (token: string) =>
      publicClient().auth.verifyOtp({ email: newEmail, token, type: "email_change" });
    if (first.code !== second.code) {
      expect((await verify(first.code)).error?.code).toBe("otp_expired");
    }
    expect((await verify(second.code)).error).toBeNull();
  });
});
