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
