import { afterAll, beforeAll, expect, test } from "vitest";
import {
  anAddress,
  authSettings,
  latestMail,
  type Platform,
  startPlatform,
} from "./local-stack.ts";

const password = "correct horse battery";
let platform: Platform;

beforeAll(async () => {
  const email = { ...authSettings.email, enable_confirmations: true };
  platform = await startPlatform({
    ...authSettings,
    email,
    sessions: { inactivity_timeout: "168h" },
  });
}, 60_000);

afterAll(() => platform.stop());

test("with confirmations on, an account opens only once its address is verified by mail", async () => {
  const client = platform.client();
  const email = anAddress("ada");
  const signedUp = await client.auth.signUp({ email, password });
  expect(signedUp.error).toBeNull();
  expect(signedUp.data.session).toBeNull();
  const early = await client.auth.signInWithPassword({ email, password });
  expect(early.error).toMatchObject({ code: "email_not_confirmed" });

  const { code } = await latestMail(platform, email);
  const verified = await client.auth.verifyOtp({ email, token: code, type: "signup" });
  expect(verified.data.user?.email_confirmed_at).toEqual(expect.any(String));
  const { error } = await client.auth.signInWithPassword({ email, password });
  expect(error).toBeNull();
});

test("a session that was not refreshed for seven days is over; one day less, and it goes on", async () => {
  const client = platform.client();
  const { data } = await client.auth.signInAnonymously();
  const lastUsed = async (age: string) => {
    await platform.database.query(
      "update auth.sessions set created_at = now() - $2::interval, refreshed_at = now() - $2::interval where user_id = $1::uuid",
      [data.user?.id, age],
    );
  };
  await lastUsed("6 days");
  const refreshed = await client.auth.refreshSession();
  expect(refreshed.error).toBeNull();

  await lastUsed("8 days");
  const { error } = await client.auth.refreshSession();
  expect(error).toMatchObject({ status: 400, code: "session_expired" });
});
