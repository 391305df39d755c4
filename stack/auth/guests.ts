import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Database, isDatabaseError } from "../database/database.ts";
import { AuthError } from "./auth-error.ts";
import { type Account, readAccount } from "./users.ts";

const SignUp = z.looseObject({ data: z.record(z.string(), z.unknown()).nullish() });

const nobody = "00000000-0000-0000-0000-000000000000";

/** One statement, so that a guest either exists with a session or not at all. */
const createGuest = `
  with guest as (
    insert into auth.users (
      instance_id, id, aud, role, raw_app_meta_data, raw_user_meta_data,
      is_anonymous, last_sign_in_at, created_at, updated_at
    )
    values ($1, $2, 'authenticated', 'authenticated', '{}', $3::text::jsonb, true, now(), now(), now())
    returning id
  ),
  session as (
    insert into auth.sessions (id, user_id, aal, user_agent, created_at, updated_at)
    select $4, guest.id, 'aal1', $5, now(), now() from guest
    returning id, user_id
  ),
  method as (
    insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
    select gen_random_uuid(), session.id, 'anonymous', now(), now() from session
  )
  insert into auth.refresh_tokens (
    instance_id, token, user_id, session_id, revoked, created_at, updated_at
  )
  select $1, $6, session.user_id, session.id, false, now(), now() from session`;

export interface NewGuest {
  account: Account;
  sessionId: string;
  refreshToken: string;
}

/** Creates an anonymous user and signs it in. */
export const signUpGuest = async (
  database: Database,
  body: unknown,
  userAgent: string | null,
): Promise<NewGuest> => {
  const parsed = SignUp.safeParse(body);
  if (!parsed.success) {
    throw new AuthError(
      400,
      "bad_json",
      "Could not parse request body as JSON: data must be an object",
    );
  }
  const [userId, sessionId, refreshToken] = [randomUUID(), randomUUID(), randomUUID()];
  const account = await database
    .transaction(async (session) => {
      await session.query(createGuest, [
        nobody,
        userId,
        JSON.stringify(parsed.data.data ?? {}),
        sessionId,
        userAgent,
        refreshToken,
      ]);
      return readAccount(session, userId, sessionId);
    })
    .catch((error: unknown) => {
      // Most often a trigger on auth.users that failed; GoTrue answers just this.
      if (!isDatabaseError(error)) throw error;
      throw new AuthError(500, "unexpected_failure", "Database error creating anonymous user");
    });
  if (!account) throw new Error("The guest vanished in the transaction that made it.");
  return { account, sessionId, refreshToken };
};

const giveAddress = `
  update auth.users u
  set
    email = $2,
    email_confirmed_at = now(),
    is_anonymous = false,
    raw_app_meta_data = coalesce(u.raw_app_meta_data, '{}')
      || '{"provider": "email", "providers": ["email"]}',
    updated_at = now()
  where u.id = $1::uuid and u.is_anonymous`;

const addIdentity = `
  insert into auth.identities (
    id, provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at
  )
  values (
    gen_random_uuid(), 'email', $1::uuid::text, $1::uuid,
    jsonb_build_object(
      'sub', $1::uuid, 'email', $2::text, 'email_verified', true, 'phone_verified', false
    ),
    now(), now(), now()
  )
  on conflict (provider_id, provider) do update set identity_data = excluded.identity_data`;

export const emailTaken = () =>
  new AuthError(422, "email_exists", "A user with this email address has already been registered");

/** Turns a guest into a permanent user with this address; the id stays. */
export const upgradeGuest = (database: Database, userId: string, email: string): Promise<void> =>
  database
    .transaction(async (session) => {
      const { affected } = await session.query(giveAddress, [userId, email]);
      if (affected > 0) await session.query(addIdentity, [userId, email]);
    })
    .catch((error: unknown) => {
      throw isDatabaseError(error) && error.code === "23505" ? emailTaken() : error;
    });

/** A guest whose new address was confirmed by mail is a guest no longer. */
export const settleGuest = async (database: Database, userId: string): Promise<void> => {
  await database.query(
    `update auth.users u set is_anonymous = false
     where u.id = $1::uuid and u.is_anonymous and u.email is not null`,
    [userId],
  );
};

export const isEmailTaken = async (database: Database, email: string): Promise<boolean> => {
  const { rows } = await database.query(
    "select from auth.users u where u.email = $1 and not u.is_sso_user",
    [email],
  );
  return rows.length > 0;
};
