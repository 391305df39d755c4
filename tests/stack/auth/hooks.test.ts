import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { anAddress, claimsOf, password } from "../../platform/support/people.ts";
import { openAuthDatabase, ownAuth } from "./own-auth.ts";

let database: Database;

beforeAll(async () => {
  database = await openAuthDatabase();
  await database.session(({ exec }) =>
    exec(`
      create function public.add_plan(event jsonb) returns jsonb language sql as $$
        select jsonb_set(
          jsonb_set(event, '{claims,plan}', '"gold"'),
          '{claims,said}', to_jsonb(current_user || ' ' || (event ->> 'authentication_method'))
        )
      $$;
      create function public.drop_claims(event jsonb) returns jsonb language sql as $$
        select '{"claims": {}}'::jsonb
      $$;
      create function public.refuse(event jsonb) returns jsonb language sql as $$
        select '{"error": {"http_code": 403, "message": "not today"}}'::jsonb
      $$;
      create function public.teapot(event jsonb) returns jsonb language sql as $$
        select '{"error": {"http_code": 418, "message": "short and stout"}}'::jsonb
      $$;
      create function public.mute(event jsonb) returns jsonb language sql as $$
        select event || '{"error": {"http_code": 403, "message": ""}}'
      $$;
      create function public.brief(event jsonb) returns jsonb language sql as $$
        select jsonb_set(
          event, '{claims,exp}', to_jsonb((event -> 'claims' ->> 'iat')::bigint + 60)
        )
      $$;
      create table public.attempts (user_id uuid, valid boolean, factor_type text);
      grant all on public.attempts to supabase_auth_admin;
      create function public.count_attempts(event jsonb) returns jsonb language plpgsql as $$
        begin
          insert into public.attempts
          values ((event ->> 'user_id')::uuid, (event ->> 'valid')::boolean, event ->> 'factor_type');
          if (
            select count(*) from public.attempts a
            where a.user_id = (event ->> 'user_id')::uuid and not a.valid
          ) < 2 then
            return '{"decision": "continue"}';
          end if;
          return '{"decision": "reject", "message": "too often", "should_logout_user": true}';
        end
      $$;
      create function public.fail(event jsonb) returns jsonb language plpgsql as $$
        begin raise exception 'broken'; end
      $$;
      create function public.no_mailinator(event jsonb) returns jsonb language sql as $$
        select case
          when event -> 'user' ->> 'email' like '%@mailinator.test'
          then '{"error": {"http_code": 422, "message": "no such mailboxes"}}'::jsonb
          else '{}'::jsonb
        end
      $$;
    `),
  );
});

afterAll(() => database.close());

const withHook = (name: string, hook = "custom_access_token") =>
  ownAuth(database, {
    mfa: { totp: { enroll_enabled: true, verify_enabled: true } },
    hook: { [hook]: { enabled: true, uri: `pg-functions://postgres/public/${name}` } },
  });

const countUsers = async () => {
  const { rows } = await database.query<{ count: number }>("select count(*) from auth.users");
  return rows[0]?.count;
};

test("the access token hook adds claims, as the role of Supabase Auth", async () => {
  const auth = await withHook("add_plan");
  const client = auth.client();
  const guest = await client.auth.signInAnonymously();
  expect(claimsOf(guest.data.session)).toMatchObject({
    plan: "gold",
    said: "supabase_auth_admin anonymous",
    is_anonymous: true,
  });
  const refreshed = await client.auth.refreshSession();
  expect(claimsOf(refreshed.data.session).said).toBe("supabase_auth_admin token_refresh");
  const { data } = await auth.client().auth.signUp({ email: anAddress("ada"), password });
  expect(claimsOf(data.session)).toMatchObject({ plan: "gold", aal: "aal1" });
});

test.each([
  ["drops claims that Supabase rests on", "drop_claims", 500],
  ["refuses", "refuse", 403],
  ["refuses with an odd status", "teapot", 418],
  ["fails", "fail", 500],
  ["does not exist", "nowhere", 500],
])("a hook that %s leaves nobody behind", async (_, name, status) => {
  const auth = await withHook(name);
  const before = await countUsers();
  const signUp = await auth.ask("/signup", {
    method: "POST",
    body: JSON.stringify({ email: anAddress("ada"), password }),
  });
  const guest = await auth.ask("/signup", { method: "POST", body: "{}" });
  expect([signUp.status, guest.status]).toEqual([status, status]);
  expect(await countUsers()).toBe(before);
});

test("a hook's refusal has no code of its own, and one without words is none", async () => {
  const body = JSON.stringify({});
  const refusing = await withHook("refuse");
  const refused = await refusing.ask("/signup", { method: "POST", body });
  expect(await refused.json()).toEqual({ code: 403, error_code: "unknown", msg: "not today" });
  const silent = await withHook("mute");
  expect((await silent.ask("/signup", { method: "POST", body })).status).toBe(200);
});

test("a hook may shorten a token's life", async () => {
  const { data } = await (await withHook("brief")).client().auth.signInAnonymously();
  const { exp = 0, iat = 0 } = claimsOf(data.session);
  expect(exp - iat).toBe(60);
});

test("the hook before a user is made can refuse them, but not whom staff make", async () => {
  const auth = await withHook("no_mailinator", "before_user_created");
  const { error } = await auth.client().auth.signUp({ email: "x@mailinator.test", password });
  expect(error).toMatchObject({ status: 422, message: "no such mailboxes" });
  const { data } = await auth.client().auth.signUp({ email: anAddress("ada"), password });
  expect(data.session).not.toBeNull();
  // Nobody asks it in internal/api/admin.go.
  const made = await auth.ask("/admin/users", {
    method: "POST",
    headers: { apikey: auth.keys.secret },
    body: JSON.stringify({ email: "y@mailinator.test" }),
  });
  expect(made.status).toBe(200);
});

test("a hook counts wrong passwords, and its no stands for the right one too", async () => {
  const auth = await withHook("count_attempts", "password_verification_attempt");
  const client = auth.client();
  const email = anAddress("ada");
  await client.auth.signUp({ email, password });
  const signIn = (attempt: string) =>
    auth.client().auth.signInWithPassword({ email, password: attempt });
  expect((await signIn("wrong")).error?.message).toBe("Invalid login credentials");
  expect((await signIn(password)).error).toBeNull();
  const second = await signIn("wrong again");
  expect(second.error).toMatchObject({
    status: 400,
    code: "invalid_credentials",
    message: "too often",
  });
  expect((await signIn(password)).error?.message).toBe("too often");
  expect((await client.auth.getUser()).error, "the sessions ended").not.toBeNull();
});

test("a hook counts wrong codes of a second factor", async () => {
  const auth = await withHook("count_attempts", "mfa_verification_attempt");
  const client = auth.client();
  await client.auth.signUp({ email: anAddress("ada"), password });
  const { data: factor } = await client.auth.mfa.enroll({
    factorType: "totp",
    friendlyName: "phone",
  });
  const attempt = () =>
    client.auth.mfa.challengeAndVerify({ factorId: factor?.id ?? "", code: "x" });
  expect((await attempt()).error).toMatchObject({ status: 422, code: "mfa_verification_failed" });
  const second = await attempt();
  expect(second.error).toMatchObject({
    status: 403,
    code: "mfa_verification_rejected",
    message: "too often",
  });
  expect((await client.auth.getUser()).error, "the sessions ended").not.toBeNull();
  const { rows } = await database.query(
    "select distinct factor_type, valid from public.attempts where factor_type is not null",
  );
  expect(rows).toEqual([{ factor_type: "totp", valid: false }]);
});
