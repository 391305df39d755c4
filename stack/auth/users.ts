import { z } from "zod";
import type { Database, Session } from "../database/database.ts";

const Json = z.record(z.string(), z.unknown());
const Instant = z.string().transform((text) => new Date(text).toISOString());

const Identity = z.object({
  id: z.string(),
  provider: z.string(),
  provider_id: z.string(),
  user_id: z.string(),
  identity_data: Json,
  email: z.string().nullable(),
  last_sign_in_at: Instant.nullable(),
  created_at: Instant.nullable(),
  updated_at: Instant.nullable(),
});

const Account = z.object({
  user: z.object({
    id: z.string(),
    aud: z.string().nullable(),
    role: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    email_change: z.string().nullable(),
    phone_change: z.string().nullable(),
    raw_app_meta_data: Json.nullable(),
    raw_user_meta_data: Json.nullable(),
    is_anonymous: z.boolean(),
    email_confirmed_at: Instant.nullable(),
    phone_confirmed_at: Instant.nullable(),
    confirmed_at: Instant.nullable(),
    invited_at: Instant.nullable(),
    confirmation_sent_at: Instant.nullable(),
    recovery_sent_at: Instant.nullable(),
    email_change_sent_at: Instant.nullable(),
    phone_change_sent_at: Instant.nullable(),
    reauthentication_sent_at: Instant.nullable(),
    last_sign_in_at: Instant.nullable(),
    created_at: Instant.nullable(),
    updated_at: Instant.nullable(),
    banned_until: Instant.nullable(),
    deleted_at: Instant.nullable(),
  }),
  identities: z.array(Identity),
  aal: z.string().nullable(),
  amr: z.array(z.object({ method: z.string(), timestamp: z.number() })),
});

/** A user with identities and, when a session was named, how that session was authenticated. */
export type Account = z.infer<typeof Account>;

const accountQuery = `
  select
    to_jsonb(u) as user,
    coalesce(
      (select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i
       where i.user_id = u.id),
      '[]'
    ) as identities,
    (select s.aal::text from auth.sessions s where s.id = $2::uuid) as aal,
    coalesce(
      (select jsonb_agg(
         jsonb_build_object(
           'method', a.authentication_method,
           'timestamp', floor(extract(epoch from a.updated_at))::bigint
         )
         order by a.updated_at desc
       )
       from auth.mfa_amr_claims a where a.session_id = $2::uuid),
      '[]'
    ) as amr
  from auth.users u
  where u.id = $1::uuid`;

/** Reads a user, and how the session was authenticated; null when the user is gone. */
export const readAccount = async (
  database: Pick<Database, "query"> | Session,
  userId: string,
  sessionId: string | null = null,
): Promise<Account | null> => {
  const { rows } = await database.query(accountQuery, [userId, sessionId]);
  return rows[0] ? Account.parse(rows[0]) : null;
};

/** Leaves out what is empty, as Go's `omitempty` does in GoTrue's answers. */
const present = (fields: Record<string, string | null>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value));

/** The user object that Supabase Auth answers with. */
export const userJson = ({ user, identities }: Account) => ({
  id: user.id,
  aud: user.aud ?? "authenticated",
  role: user.role ?? "authenticated",
  email: user.email ?? "",
  phone: user.phone ?? "",
  ...present({
    email_confirmed_at: user.email_confirmed_at,
    phone_confirmed_at: user.phone_confirmed_at,
    confirmed_at: user.confirmed_at,
    invited_at: user.invited_at,
    confirmation_sent_at: user.confirmation_sent_at,
    recovery_sent_at: user.recovery_sent_at,
    new_email: user.email_change,
    email_change_sent_at: user.email_change_sent_at,
    new_phone: user.phone_change,
    phone_change_sent_at: user.phone_change_sent_at,
    reauthentication_sent_at: user.reauthentication_sent_at,
    last_sign_in_at: user.last_sign_in_at,
    banned_until: user.banned_until,
    deleted_at: user.deleted_at,
  }),
  app_metadata: user.raw_app_meta_data ?? {},
  user_metadata: user.raw_user_meta_data ?? {},
  identities: identities.map(({ id, provider_id, email, ...identity }) => ({
    identity_id: id,
    id: provider_id,
    ...identity,
    ...(email && { email }),
  })),
  created_at: user.created_at,
  updated_at: user.updated_at,
  is_anonymous: user.is_anonymous,
});

/** The claims of an access token as Supabase Auth issues them; `iat` and `exp` come on signing. */
export const accessClaims = (account: Account, sessionId: string, issuer: string) => ({
  iss: issuer,
  sub: account.user.id,
  aud: account.user.aud ?? "authenticated",
  email: account.user.email ?? "",
  phone: account.user.phone ?? "",
  app_metadata: account.user.raw_app_meta_data ?? {},
  user_metadata: account.user.raw_user_meta_data ?? {},
  role: account.user.role ?? "authenticated",
  aal: account.aal ?? "aal1",
  amr: account.amr,
  session_id: sessionId,
  is_anonymous: account.user.is_anonymous,
});
