import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { openPostgres } from "../../../stack/database/postgres.ts";
import { anAddress, claimsOf, password } from "../../platform/support/people.ts";
import { type NativePostgres, startNativePostgres } from "../../support/native-postgres.ts";
import { type OwnAuth, ownAuth } from "./own-auth.ts";

// PGlite has one session, so races show on a native server alone.
let server: NativePostgres;
let database: Database;
let auth: OwnAuth;

beforeAll(async () => {
  server = await startNativePostgres();
  database = openPostgres(server.url, { connections: 10 });
  await ensurePlatform(database);
  auth = await ownAuth(database, {
    email: { max_frequency: "0s" },
    refresh_token_reuse_interval: 0,
  });
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

const atOnce = <T>(count: number, run: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, run));

test("of many sign-ups with one address at once, one makes the account", async () => {
  const email = anAddress("twin");
  const answers = await atOnce(5, () => auth.client().auth.signUp({ email, password }));
  expect(answers.filter(({ data }) => data.session !== null)).toHaveLength(1);
  const refused = answers.flatMap(({ error }) => (error ? [error.code] : []));
  expect(refused).toEqual(Array(4).fill("user_already_exists"));
});

test("many refreshes of one token at once make one new token, which all get", async () => {
  const { data } = await auth.client().auth.signInAnonymously();
  const refresh_token = data.session?.refresh_token ?? "";
  const answers = await atOnce(10, () => auth.client().auth.refreshSession({ refresh_token }));
  expect(answers.map(({ error }) => error)).toEqual(Array(10).fill(null));
  expect(new Set(answers.map((answer) => answer.data.session?.refresh_token)).size).toBe(1);
});

test("a code from a mail works once, however many try it at once", async () => {
  const email = anAddress("ada");
  await auth.client().auth.signUp({ email, password });
  await auth.client().auth.signInWithOtp({ email });
  const { code: token } = auth.mailTo(email);
  const answers = await atOnce(8, () =>
    auth.client().auth.verifyOtp({ email, token, type: "email" }),
  );
  expect(answers.filter(({ error }) => error === null)).toHaveLength(1);
});

test("refreshing while signing out everywhere is either one or the other", async () => {
  const client = auth.client();
  const { data } = await client.auth.signUp({ email: anAddress("ada"), password });
  const refresh_token = data.session?.refresh_token ?? "";
  const [refreshed] = await Promise.all([
    auth.client().auth.refreshSession({ refresh_token }),
    client.auth.signOut({ scope: "global" }),
  ]);
  expect([undefined, "refresh_token_not_found"]).toContain(refreshed.error?.code);
  const after = await auth.client().auth.refreshSession({
    refresh_token: refreshed.data.session?.refresh_token ?? refresh_token,
  });
  expect(after.error?.code).toBe("refresh_token_not_found");
});

test("guests come by the dozen", async () => {
  const answers = await atOnce(30, () => auth.client().auth.signInAnonymously());
  expect(new Set(answers.map(({ data }) => data.user?.id)).size).toBe(30);
  expect(answers.every(({ data }) => claimsOf(data.session).is_anonymous === true)).toBe(true);
});
