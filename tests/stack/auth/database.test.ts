import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { anAddress, password } from "../../platform/support/people.ts";
import { openAuthDatabase, ownAuth } from "./own-auth.ts";

let database: Database;

const sql = (script: string) => database.session(({ exec }) => exec(script));

beforeAll(async () => {
  database = await openAuthDatabase();
});

afterAll(() => database.close());

describe("triggers on auth.users", () => {
  test("run as Supabase's auth role, with its search path", async () => {
    await sql(`
      create table public.seen (who text, path text);
      grant insert on public.seen to supabase_auth_admin;
      create function public.note_user() returns trigger language plpgsql as $$
        begin
          insert into public.seen values (current_user, current_setting('search_path'));
          return new;
        end $$;
      create trigger note_user after insert on auth.users
        for each row execute function public.note_user();
    `);
    const auth = await ownAuth(database);
    await auth.client().auth.signInAnonymously();
    await auth.client().auth.signUp({ email: anAddress("ada"), password });
    const { rows } = await database.query("select * from public.seen");
    expect(rows).toEqual(Array(2).fill({ who: "supabase_auth_admin", path: "auth" }));
    await sql("drop trigger note_user on auth.users");
  });

  test("that change the user are seen in the answer", async () => {
    await sql(`
      create function public.give_plan() returns trigger language plpgsql security definer as $$
        begin
          update auth.users u set raw_app_meta_data = u.raw_app_meta_data || '{"plan": "free"}'
          where u.id = new.id;
          return null;
        end $$;
      create trigger give_plan after insert on auth.users
        for each row execute function public.give_plan();
    `);
    const auth = await ownAuth(database);
    const { data } = await auth.client().auth.signInAnonymously();
    expect(data.user?.app_metadata).toEqual({ plan: "free" });
    await sql("drop trigger give_plan on auth.users");
  });

  test("that fail leave no half of an account, and the answer names nothing from inside", async () => {
    await sql(`
      create function public.refuse_user() returns trigger language plpgsql as $$
        begin raise exception 'secret of the house'; end $$;
      create trigger refuse_user after insert on auth.users
        for each row execute function public.refuse_user();
    `);
    const auth = await ownAuth(database);
    const email = anAddress("ada");
    const answers = await Promise.all([
      auth.ask("/signup", { method: "POST", body: JSON.stringify({ email, password }) }),
      auth.ask("/signup", { method: "POST", body: "{}" }),
    ]);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(bodies).toMatchObject([
      { error_code: "unexpected_failure", msg: "Database error saving new user" },
      { error_code: "unexpected_failure", msg: "Database error creating anonymous user" },
    ]);
    await sql("drop trigger refuse_user on auth.users");
    const { data } = await auth.client().auth.signUp({ email, password });
    expect(data.session).not.toBeNull();
  });
});

test("what happens is in the audit log", async () => {
  const auth = await ownAuth(database, { email: { max_frequency: "0s" } });
  const client = auth.client();
  const email = anAddress("ada");
  await client.auth.signUp({ email, password });
  await client.auth.resetPasswordForEmail(email);
  await client.auth.refreshSession();
  await client.auth.signOut();
  const { rows } = await database.query<{ action: string }>(
    `select e.payload ->> 'action' as action from auth.audit_log_entries e
     where e.payload ->> 'actor_username' = $1 order by e.created_at`,
    [email],
  );
  expect(new Set(rows.map(({ action }) => action))).toEqual(
    new Set([
      "user_signedup",
      "login",
      "user_recovery_requested",
      "token_refreshed",
      "token_revoked",
      "logout",
    ]),
  );
});

test("refresh tokens are numbered as Supabase numbers them, in older databases from now on", async () => {
  const numbering = async () => {
    const { rows } = await database.query(
      `select format_type(a.atttypid, a.atttypmod) as type,
         pg_get_serial_sequence('auth.refresh_tokens', 'id') as serial
       from pg_attribute a
       where a.attrelid = 'auth.refresh_tokens'::regclass and a.attname = 'id'`,
    );
    return rows;
  };
  const supabases = [{ type: "bigint", serial: "auth.refresh_tokens_id_seq" }];
  expect(await numbering()).toEqual(supabases);

  await sql(`
    alter table auth.refresh_tokens alter column id drop default;
    drop sequence auth.refresh_tokens_id_seq;
    alter table auth.refresh_tokens alter column id type text using gen_random_uuid()::text;
    comment on schema realtime is 'platform of before';
  `);
  await ensurePlatform(database);
  expect(await numbering()).toEqual(supabases);
  const auth = await ownAuth(database);
  const { data } = await auth.client().auth.signInAnonymously();
  expect(data.session).not.toBeNull();
});
