import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { anAddress, password } from "../../platform/support/people.ts";
import { openAuthDatabase, ownAuth } from "../auth/own-auth.ts";
import { clients, post, type RunningSandbox, startSandbox, target } from "./own-sandbox.ts";

type OwnAuth = Awaited<ReturnType<typeof ownAuth>>;

let sandbox: RunningSandbox;
let database: Database;
let auth: OwnAuth;

/** Google as a project with a client of its own has it; here that client is the sandbox's. */
const google = () => ({
  enabled: true,
  client_id: clients.google.id,
  secret: clients.google.secret,
  url: `${sandbox.url}/oauth/google`,
});

const settings = () => ({
  email: { enable_confirmations: true, max_frequency: "0s" },
  external: { google: google() },
});

beforeAll(async () => {
  sandbox = await startSandbox();
  database = await openAuthDatabase();
  auth = await ownAuth(database, settings());
});

afterAll(async () => {
  await database.close();
  await sandbox.stop();
});

/** Goes through the provider; where Auth sends the browser then. */
const goThrough = async (
  one: OwnAuth,
  person: { email: string; verified?: string },
  query: Record<string, string> = {},
): Promise<URL> => {
  const start = await one.ask(
    `/authorize?${new URLSearchParams({ provider: "google", ...query })}`,
  );
  const back = target(await post(target(start), person));
  return target(await one.ask(`/callback${back.search}`));
};

const fragmentOf = (landed: URL) => new URLSearchParams(landed.hash.slice(1));

/** The user that a landing signs in. */
const userOf = async (one: OwnAuth, landed: URL) => {
  const client = one.client();
  const fragment = fragmentOf(landed);
  const { data } = await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });
  return data.user;
};

describe("with confirmations on", () => {
  test("an address that the provider has not verified waits for its mail", async () => {
    const email = anAddress("uma");
    const landed = await goThrough(auth, { email });
    expect(landed.searchParams.get("error")).toBe("access_denied");
    expect(landed.searchParams.get("error_code")).toBe("provider_email_needs_verification");
    expect(landed.searchParams.get("error_description")).toBe(
      "Unverified email with google. A confirmation email has been sent to your google email",
    );
    const link = new URL(auth.mailTo(email).link);
    await auth.ask(`/verify${link.search}`);
    expect((await userOf(auth, await goThrough(auth, { email })))?.email).toBe(email);
  });

  test("nobody gets into an account by claiming its address at a provider", async () => {
    const email = anAddress("ada");
    const client = auth.client();
    await client.auth.signUp({ email, password });
    const { data } = await client.auth.verifyOtp({
      email,
      token: auth.mailTo(email).code,
      type: "signup",
    });
    const landed = await goThrough(auth, { email });
    expect(landed.searchParams.get("error_code")).toBe("provider_email_needs_verification");
    expect(landed.hash).not.toContain("access_token");
    const { data: now } = await client.auth.getUser();
    expect(now.user?.id).toBe(data.user?.id);
    expect(now.user?.identities).toHaveLength(1);
  });

  test("who signed up with another's address before them keeps no way in", async () => {
    const email = anAddress("victim");
    const attacker = auth.client();
    await attacker.auth.signUp({ email, password, options: { data: { planted: true } } });
    const victim = await userOf(auth, await goThrough(auth, { email, verified: "true" }));
    expect(victim).toMatchObject({
      email,
      identities: [{ provider: "google" }],
      app_metadata: { provider: "google", providers: ["google"] },
    });
    expect(victim?.user_metadata).not.toHaveProperty("planted");
    const back = await attacker.auth.signInWithPassword({ email, password });
    expect(back.error?.code).toBe("invalid_credentials");
  });

  test("a guest who links an unverified address confirms it by mail", async () => {
    const one = await ownAuth(database, { ...settings(), enable_manual_linking: true });
    const guest = one.client();
    const { data: before } = await guest.auth.signInAnonymously();
    const { data: link } = await guest.auth.linkIdentity({
      provider: "google",
      options: { skipBrowserRedirect: true },
    });
    const email = anAddress("gil");
    const back = target(await post(link.url ?? "", { email }));
    const landed = target(await one.ask(`/callback${back.search}`));
    expect(landed.searchParams.get("error_code")).toBe("email_not_confirmed");
    await one.ask(`/verify${new URL(one.mailTo(email).link).search}`);
    const { data } = await guest.auth.getUser();
    expect(data.user).toMatchObject({ id: before.user?.id, email });
  });
});

test("an invitation is accepted with the invited address alone", async () => {
  const email = anAddress("ivy");
  const invite = await auth.ask("/invite", {
    method: "POST",
    headers: { apikey: auth.keys.secret, "content-type": "application/json" },
    body: JSON.stringify({ email }),
  });
  expect(invite.status).toBe(200);
  const invite_token = new URL(auth.mailTo(email).link).searchParams.get("token") ?? "";
  const other = await goThrough(
    auth,
    { email: anAddress("eve"), verified: "true" },
    { invite_token },
  );
  expect(other.searchParams.get("error_description")).toBe(
    "Invited email does not match emails from external provider",
  );
  const landed = await goThrough(auth, { email, verified: "true" }, { invite_token });
  expect((await userOf(auth, landed))?.email).toBe(email);
  const spent = await auth.ask(`/authorize?provider=google&invite_token=${invite_token}`);
  expect(spent.status).toBe(404);
});

test("where sign-ups are off, a provider opens no account", async () => {
  const closed = await ownAuth(database, { ...settings(), enable_signup: false });
  const landed = await goThrough(closed, { email: anAddress("new"), verified: "true" });
  expect(landed.searchParams.get("error")).toBe("access_denied");
  expect(landed.searchParams.get("error_code")).toBe("signup_disabled");
});

test("where linking is off, nobody adds or removes identities", async () => {
  const client = auth.client();
  await client.auth.signInAnonymously();
  const { error } = await client.auth.linkIdentity({
    provider: "google",
    options: { skipBrowserRedirect: true },
  });
  expect(error).toMatchObject({ status: 404, code: "manual_linking_disabled" });
});

test("a provider that is off, or does not answer, is no provider", async () => {
  const off = await auth.ask("/authorize?provider=github");
  expect(off.status).toBe(400);
  expect(await off.json()).toMatchObject({ msg: "Unsupported provider: provider is not enabled" });
  const silent = await ownAuth(database, {
    external: { google: { ...google(), url: "http://127.0.0.1:1" } },
  });
  expect((await silent.ask("/authorize?provider=google")).status).toBe(400);
});

test("the wrong secret is told as a failed exchange", async () => {
  const wrong = await ownAuth(database, {
    external: { google: { ...google(), secret: "wrong" } },
  });
  const landed = await goThrough(wrong, { email: anAddress("ada"), verified: "true" });
  expect(landed.searchParams.get("error")).toBe("server_error");
  expect(landed.searchParams.get("error_description")).toMatch(/^Unable to exchange external code/);
});

test("who unlinks the identity of their address keeps one that counts as unproven", async () => {
  const one = await ownAuth(database, {
    ...settings(),
    enable_manual_linking: true,
    external: {
      google: google(),
      github: {
        enabled: true,
        client_id: clients.github.id,
        secret: clients.github.secret,
        url: `${sandbox.url}/oauth/github`,
      },
    },
  });
  const [email, other] = [anAddress("ada"), anAddress("other")];
  const client = one.client();
  const fragment = fragmentOf(await goThrough(one, { email, verified: "true" }));
  await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });
  const { data: start } = await client.auth.linkIdentity({
    provider: "github",
    options: { skipBrowserRedirect: true },
  });
  const back = target(await post(start.url ?? "", { email: other }));
  const landed = target(await one.ask(`/callback${back.search}`));
  expect(landed.hash).toContain("access_token");

  const { data } = await client.auth.getUserIdentities();
  const first = data?.identities.find(({ provider }) => provider === "google");
  if (!first) throw new Error("They signed in with Google");
  expect((await client.auth.unlinkIdentity(first)).error).toBeNull();
  const { user } = (await client.auth.getUser()).data;
  expect(user).toMatchObject({ email: other, user_metadata: { email_verified: false } });
  expect(user?.email_confirmed_at).toBeUndefined();
});
