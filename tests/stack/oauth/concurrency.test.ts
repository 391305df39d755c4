import { generate } from "otplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { openPostgres } from "../../../stack/database/postgres.ts";
import { anAddress, password } from "../../platform/support/people.ts";
import { type NativePostgres, startNativePostgres } from "../../support/native-postgres.ts";
import { type OwnAuth, ownAuth } from "../auth/own-auth.ts";
import { clients, post, type RunningSandbox, startSandbox, target } from "./own-sandbox.ts";

// PGlite has one session, so races show on a native server alone.
let server: NativePostgres;
let database: Database;
let sandbox: RunningSandbox;
let auth: OwnAuth;

beforeAll(async () => {
  sandbox = await startSandbox();
  server = await startNativePostgres();
  database = openPostgres(server.url, { connections: 10 });
  await ensurePlatform(database);
  const provider = (name: "google" | "github") => ({
    enabled: true,
    client_id: clients[name].id,
    secret: clients[name].secret,
    url: `${sandbox.url}/oauth/${name}`,
  });
  auth = await ownAuth(database, {
    enable_manual_linking: true,
    email: { max_frequency: "0s" },
    external: { google: provider("google"), github: provider("github") },
    mfa: { totp: { enroll_enabled: true, verify_enabled: true } },
  });
});

afterAll(async () => {
  await database.close();
  await server.stop();
  await sandbox.stop();
});

const atOnce = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

const signInAt = async (provider: string, email: string): Promise<URL> => {
  const start = await auth.ask(`/authorize?provider=${provider}`);
  const back = target(await post(target(start), { email, verified: "true" }));
  return target(await auth.ask(`/callback${back.search}`));
};

const sessionOf = (landed: URL) => {
  const fragment = new URLSearchParams(landed.hash.slice(1));
  return {
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  };
};

test("of many first sign-ins at once, all get into one account", async () => {
  const email = anAddress("twin");
  const landed = await atOnce(12, (index) => signInAt(index % 2 ? "github" : "google", email));
  const users = await Promise.all(
    landed.map(async (one) => (await auth.client().auth.setSession(sessionOf(one))).data.user),
  );
  expect(new Set(users.map((user) => user?.id)).size).toBe(1);
  const { data } = await auth.client().auth.setSession(sessionOf(await signInAt("google", email)));
  expect(data.user?.identities?.map(({ provider }) => provider).sort()).toEqual([
    "github",
    "google",
  ]);
});

test("who removes all identities at once keeps one", async () => {
  const email = anAddress("ada");
  await signInAt("github", email);
  const client = auth.client();
  await client.auth.setSession(sessionOf(await signInAt("google", email)));
  const { data } = await client.auth.getUserIdentities();
  const answers = await Promise.all(
    (data?.identities ?? []).map((identity) => client.auth.unlinkIdentity(identity)),
  );
  expect(answers.map(({ error }) => error?.code ?? "removed").sort()).toEqual([
    "removed",
    "single_identity_not_deletable",
  ]);
});

test("a challenge is answered once, however many try it at once", async () => {
  const client = auth.client();
  await client.auth.signUp({ email: anAddress("mod"), password });
  const { data: factor } = await client.auth.mfa.enroll({ factorType: "totp" });
  if (factor?.type !== "totp") throw new Error("A TOTP factor");
  const { data: challenge } = await client.auth.mfa.challenge({ factorId: factor.id });
  const code = await generate({ secret: factor.totp.secret });
  const { data } = await client.auth.getSession();
  const answers = await atOnce(6, () =>
    auth.ask(`/factors/${factor.id}/verify`, {
      method: "POST",
      headers: {
        apikey: auth.keys.publishable,
        authorization: `Bearer ${data.session?.access_token}`,
      },
      body: JSON.stringify({ challenge_id: challenge?.id, code }),
    }),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422, 422]);
});

test("factors are ten at most, however many are enrolled at once", async () => {
  const client = auth.client();
  await client.auth.signUp({ email: anAddress("mod"), password });
  const answers = await atOnce(14, (index) =>
    client.auth.mfa.enroll({ factorType: "totp", friendlyName: String(index) }),
  );
  expect(answers.filter(({ error }) => error === null)).toHaveLength(10);
});
