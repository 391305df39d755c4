import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { anAddress, password } from "../../platform/support/people.ts";
import { type OwnAuth, openAuthDatabase, ownAuth } from "../auth/own-auth.ts";

let database: Database;
let auth: OwnAuth;
let token: string;

beforeAll(async () => {
  database = await openAuthDatabase();
  auth = await ownAuth(database, {
    external: { github: { enabled: true, client_id: "a", secret: "b" } },
    mfa: { totp: { enroll_enabled: true, verify_enabled: true } },
  });
  const { data } = await auth.client().auth.signUp({ email: anAddress("ada"), password });
  token = data.session?.access_token ?? "";
});

afterAll(() => database.close());

const send = (path: string, key: string, body: unknown, bearer = "") =>
  auth.ask(path, {
    method: "POST",
    headers: { apikey: key, ...(bearer && { authorization: `Bearer ${bearer}` }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

describe("what nobody would send", () => {
  test.each([
    "/authorize?provider=github&invite_token=%00",
    "/authorize?provider=github&code_challenge=%00&code_challenge_method=s256",
    "/authorize?provider=%00",
    "/authorize",
    "/callback?state=%00&code=%00",
    "/callback?state=%F0%9F%92%A9",
    "/callback",
  ])("GET %s fails cleanly", async (path) => {
    expect((await auth.ask(path)).status).toBeLessThan(500);
  });

  test.each([
    "/admin/users?filter=%00",
    "/admin/users?page=999999999999999&per_page=999999999999999",
    "/admin/users?page=99999999999999999999",
    "/admin/audit?query=action:%00",
    "/admin/audit?query=%25",
    "/admin/users/%00",
  ])("GET %s fails cleanly for the secret key", async (path) => {
    const response = await auth.ask(path, { headers: { apikey: auth.keys.secret } });
    expect(response.status).toBeLessThan(500);
  });

  test.each([
    ["/admin/users", { email: "a@x.com", user_metadata: { a: "\ud800" } }],
    ["/admin/users", { email: "b@x.com", role: "x".repeat(300) }],
    ["/admin/users", { email: "c@x.com", ban_duration: "99999999999999999h" }],
    ["/admin/users", { email: ["d@x.com"] }],
    ["/admin/users", "[]"],
    ["/admin/users", "{"],
    ["/admin/generate_link", { type: "signup", email: "e@x.com", password, data: { "\0": 1 } }],
    ["/invite", { email: "f@x.com", data: { a: "\0" } }],
    ["/token?grant_type=id_token", { provider: "github", id_token: "x" }],
    ["/token?grant_type=id_token", { id_token: 7 }],
  ])("POST %s %j fails cleanly for the secret key", async (path, body) => {
    expect((await send(path, auth.keys.secret, body)).status).toBeLessThan(500);
  });

  test.each([
    ["/factors", { factor_type: "totp", friendly_name: "\0" }],
    ["/factors", { factor_type: "totp", friendly_name: "long", issuer: "y".repeat(5000) }],
    ["/factors", { factor_type: "totp", friendly_name: "odd", issuer: "\ud800:\0" }],
    ["/factors", { factor_type: ["totp"] }],
    ["/factors/x/verify", { challenge_id: "x", code: "1" }],
    ["/factors/%00/challenge", {}],
  ])("POST %s %j fails cleanly for a user", async (path, body) => {
    const response = await send(path, auth.keys.publishable, body, token);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });
});
