import { describe, expect, test } from "vitest";
import { anAccount, claimsOf, password } from "../support/people.ts";
import { publicClient } from "../support/platform.ts";
import { connect } from "../support/sql.ts";

const refresh = (refresh_token: string) => publicClient().auth.refreshSession({ refresh_token });

describe("refreshing", () => {
  test("rotates the refresh token and keeps the session", async () => {
    const { client, session } = await anAccount("ada");
    const { data, error } = await client.auth.refreshSession();
    expect(error).toBeNull();
    expect(data.session?.refresh_token).not.toBe(session.refresh_token);
    expect(claimsOf(data.session)).toMatchObject({
      session_id: claimsOf(session).session_id,
      amr: [{ method: "password" }],
    });
  });

  test("ten tabs with one token at once all end up with the same new one", async () => {
    const { session } = await anAccount("ada");
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => refresh(session.refresh_token)),
    );
    expect(answers.map(({ error }) => error)).toEqual(Array(10).fill(null));
    expect(new Set(answers.map(({ data }) => data.session?.refresh_token)).size).toBe(1);
  });

  test("with a token used long ago ends the whole family of tokens", async ({ skip }) => {
    const sql = connect();
    if (!sql) return skip("the database cannot be reached directly");
    const { client, session } = await anAccount("ada");
    const stolen = session.refresh_token;
    await client.auth.refreshSession();
    const { data: current } = await client.auth.refreshSession();
    await sql`update auth.refresh_tokens set updated_at = now() - interval '1 minute'
              where token = ${stolen}`;

    const thief = await refresh(stolen);
    expect(thief.error).toMatchObject({ status: 400, code: "refresh_token_already_used" });
    await sql`update auth.refresh_tokens set updated_at = now() - interval '1 minute'
              where session_id = ${String(claimsOf(session).session_id)}`;
    const owner = await refresh(current.session?.refresh_token ?? "");
    expect(owner.error).toMatchObject({ status: 400, code: "refresh_token_already_used" });
  });

  test("with a token nobody has is refused", async () => {
    const { error } = await refresh("madeuptoken1");
    expect(error).toMatchObject({
      status: 400,
      code: "refresh_token_not_found",
      message: "Invalid Refresh Token: Refresh Token Not Found",
    });
  });
});

describe("signing out", () => {
  test("ends the session on the server, whose tokens then fail", async () => {
    const { client, session } = await anAccount("ada");
    expect((await client.auth.signOut()).error).toBeNull();
    const refreshed = await refresh(session.refresh_token);
    expect(refreshed.error).toMatchObject({ status: 400, code: "refresh_token_not_found" });
    const asked = await publicClient().auth.getUser(session.access_token);
    // What supabase-js makes of Auth's 403 `session_not_found`.
    expect(asked.error?.name).toBe("AuthSessionMissingError");
  });

  const threeSessions = async () => {
    const { client, email } = await anAccount("ada");
    const others = [publicClient(), publicClient()];
    for (const other of others) await other.auth.signInWithPassword({ email, password });
    return [client, ...others];
  };

  const alive = async (clients: Awaited<ReturnType<typeof threeSessions>>) =>
    Promise.all(clients.map(async ({ auth }) => (await auth.getUser()).error === null));

  test("locally leaves the other sessions alone", async () => {
    const clients = await threeSessions();
    await clients[0]?.auth.signOut({ scope: "local" });
    expect(await alive(clients)).toEqual([false, true, true]);
  });

  test("of the others keeps this one", async () => {
    const clients = await threeSessions();
    await clients[0]?.auth.signOut({ scope: "others" });
    expect(await alive(clients)).toEqual([true, false, false]);
  });

  test("globally ends them all", async () => {
    const clients = await threeSessions();
    await clients[0]?.auth.signOut({ scope: "global" });
    expect(await alive(clients)).toEqual([false, false, false]);
  });
});

describe("a banned user", () => {
  test("neither signs in nor refreshes", async ({ skip }) => {
    const sql = connect();
    if (!sql) return skip("the database cannot be reached directly");
    const { client, email, id } = await anAccount("mal");
    await sql`update auth.users set banned_until = now() + interval '1 hour' where id = ${id}`;
    const signedIn = await publicClient().auth.signInWithPassword({ email, password });
    expect(signedIn.error).toMatchObject({ status: 400, code: "user_banned" });
    const refreshed = await client.auth.refreshSession();
    expect(refreshed.error).toMatchObject({ status: 400, code: "user_banned" });
  });
});
