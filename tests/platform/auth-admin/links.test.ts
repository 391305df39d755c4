import { describe, expect, test } from "vitest";
import { mailTo } from "../support/inbox.ts";
import { platform, publicClient, serviceClient } from "../support/platform.ts";

const { admin } = serviceClient().auth;
const password = "correct horse battery";
const newEmail = () => `${crypto.randomUUID()}@example.com`;

const aUser = async () => {
  const email = newEmail();
  const { data, error } = await admin.createUser({ email, password, email_confirm: true });
  if (error) throw error;
  return { id: data.user.id, email };
};

/** Follows a link as a browser would; what the fragment says. */
const follow = async (link: string) => {
  const response = await fetch(link, { redirect: "manual" });
  const location = new URL(response.headers.get("location") ?? "");
  return { location, fragment: new URLSearchParams(location.hash.slice(1)) };
};

describe("generateLink", () => {
  test("a magic link signs its reader in, by link, code or hash", async () => {
    const { id, email } = await aUser();
    const wanted = {
      type: "magiclink",
      email,
      options: { redirectTo: "http://127.0.0.1:3000/in" },
    } as const;
    const { data, error } = await admin.generateLink(wanted);
    expect(error).toBeNull();
    expect(data.user?.id).toBe(id);
    expect(data.properties).toMatchObject({
      verification_type: "magiclink",
      redirect_to: "http://127.0.0.1:3000/in",
    });
    const { location, fragment } = await follow(data.properties?.action_link ?? "");
    expect(`${location.origin}${location.pathname}`).toBe("http://127.0.0.1:3000/in");
    expect(fragment.get("access_token")).toBeTruthy();

    const second = await admin.generateLink(wanted);
    const byCode = await publicClient().auth.verifyOtp({
      type: "magiclink",
      email,
      token: second.data.properties?.email_otp ?? "",
    });
    expect(byCode.data.user?.id).toBe(id);

    const third = await admin.generateLink(wanted);
    const byHash = await publicClient().auth.verifyOtp({
      type: "magiclink",
      token_hash: third.data.properties?.hashed_token ?? "",
    });
    expect(byHash.data.user?.id).toBe(id);
  });

  test("a magic link for a stranger opens an account", async () => {
    const email = newEmail();
    const { data } = await admin.generateLink({ type: "magiclink", email });
    expect(data.properties?.verification_type).toBe("signup");
    const { fragment } = await follow(data.properties?.action_link ?? "");
    expect(fragment.get("type")).toBe("signup");
    expect(fragment.get("access_token")).toBeTruthy();
  });

  test("a sign-up link opens the account with its password", async () => {
    const email = newEmail();
    const wanted = {
      type: "signup",
      email,
      password,
      options: { data: { colour: "red" } },
    } as const;
    const { data } = await admin.generateLink(wanted);
    expect(data.user).toMatchObject({ email, user_metadata: { colour: "red" } });
    const early = await publicClient().auth.signInWithPassword({ email, password });
    expect(early.error?.code).toBe("email_not_confirmed");
    await follow(data.properties?.action_link ?? "");
    const client = publicClient();
    expect((await client.auth.signInWithPassword({ email, password })).error).toBeNull();
    expect((await admin.generateLink(wanted)).error?.code).toBe("email_exists");
  });

  test("a recovery link signs in who has an account", async () => {
    const { id, email } = await aUser();
    const { data } = await admin.generateLink({ type: "recovery", email });
    const client = publicClient();
    const verified = await client.auth.verifyOtp({
      type: "recovery",
      token_hash: data.properties?.hashed_token ?? "",
    });
    expect(verified.data.user?.id).toBe(id);
    const stranger = await admin.generateLink({ type: "recovery", email: newEmail() });
    expect(stranger.error).toMatchObject({ status: 404, code: "user_not_found" });
  });

  test("an invitation opens the account of who follows it", async () => {
    const email = newEmail();
    const { data } = await admin.generateLink({ type: "invite", email });
    expect(data.user?.invited_at).toBeTruthy();
    const { fragment } = await follow(data.properties?.action_link ?? "");
    expect(fragment.get("type")).toBe("invite");
  });

  test("a change of address is confirmed by link", async () => {
    const { id, email } = await aUser();
    const newOne = newEmail();
    const links: string[] = [];
    for (const type of ["email_change_current", "email_change_new"] as const) {
      const { data, error } = await admin.generateLink({ type, email, newEmail: newOne });
      expect(error).toBeNull();
      expect(data.user?.new_email).toBe(newOne);
      expect(data.properties?.verification_type).toBe(type);
      links.push(data.properties?.action_link ?? "");
    }
    // Where addresses need no confirmation, one of the two is enough.
    for (const link of links) await follow(link);
    expect((await admin.getUserById(id)).data.user?.email).toBe(newOne);
    const { email: taken } = await aUser();
    const refused = await admin.generateLink({
      type: "email_change_new",
      email: newOne,
      newEmail: taken,
    });
    expect(refused.error?.code).toBe("email_exists");
  });

  test.each([
    [{ type: "handshake", email: "x@example.com" }, "validation_failed"],
    [{ type: "magiclink", email: "nonsense" }, "validation_failed"],
    [{ type: "signup", email: "new@example.com" }, "validation_failed"],
  ])("%j is refused", async (body, error_code) => {
    const response = await fetch(`${platform().url}/auth/v1/admin/generate_link`, {
      method: "POST",
      headers: { apikey: platform().secretKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code });
  });
});

describe.skipIf(!platform().mailUrl)("inviteUserByEmail", () => {
  test("an invitation comes by mail and opens the account", async () => {
    const email = newEmail();
    const { data, error } = await admin.inviteUserByEmail(email, {
      data: { team: "red" },
      redirectTo: "http://127.0.0.1:3000/welcome",
    });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({ email, user_metadata: { team: "red" } });
    expect(data.user?.invited_at).toBeTruthy();
    const { link } = await mailTo(email);
    const { location, fragment } = await follow(link);
    expect(location.pathname).toBe("/welcome");
    const client = publicClient();
    const session = await client.auth.setSession({
      access_token: fragment.get("access_token") ?? "",
      refresh_token: fragment.get("refresh_token") ?? "",
    });
    expect(session.data.user?.id).toBe(data.user?.id);
    expect((await client.auth.updateUser({ password })).error).toBeNull();
    expect((await publicClient().auth.signInWithPassword({ email, password })).error).toBeNull();
    expect((await admin.inviteUserByEmail(email)).error).toMatchObject({
      status: 422,
      code: "email_exists",
    });
  });

  test("who never came is invited again", async () => {
    const email = newEmail();
    const first = await admin.inviteUserByEmail(email);
    const second = await admin.inviteUserByEmail(email);
    expect(second.error).toBeNull();
    expect(second.data.user?.id).toBe(first.data.user?.id);
    expect((await mailTo(email, 2)).link).toContain("type=invite");
  });
});
