import { z } from "zod";
import type { Reader } from "./context.ts";

/** GoTrue's only instance; its queries see no rows of another. */
export const instance = "00000000-0000-0000-0000-000000000000";
/** The audience of every user; GoTrue's queries see no others. */
export const audience = "authenticated";

const Json = z.record(z.string(), z.unknown());

/** Rows come as JSON from the database, whose sessions write UTC. */
const Instant = z.string().transform((text) => text.replace(/\+00:00$/, "Z"));

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
/** A row of auth.identities. */
export type Identity = z.infer<typeof Identity>;

const Factor = z.object({
  id: z.string(),
  friendly_name: z.string().nullable(),
  factor_type: z.enum(["totp", "webauthn", "phone"]),
  status: z.enum(["unverified", "verified"]),
  phone: z.string().nullable(),
  secret: z.string().nullable(),
  last_challenged_at: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
});
/** A row of auth.mfa_factors; `secret` never leaves the service. */
export type Factor = z.infer<typeof Factor>;

export const User = z.object({
  id: z.string(),
  aud: z.string().nullable(),
  role: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  encrypted_password: z.string().nullable(),
  email_confirmed_at: Instant.nullable(),
  phone_confirmed_at: Instant.nullable(),
  confirmed_at: Instant.nullable(),
  invited_at: Instant.nullable(),
  confirmation_token: z.string().nullable(),
  confirmation_sent_at: Instant.nullable(),
  recovery_token: z.string().nullable(),
  recovery_sent_at: Instant.nullable(),
  email_change: z.string().nullable(),
  email_change_token_new: z.string().nullable(),
  email_change_token_current: z.string().nullable(),
  email_change_confirm_status: z.number().nullable(),
  email_change_sent_at: Instant.nullable(),
  phone_change: z.string().nullable(),
  phone_change_sent_at: Instant.nullable(),
  reauthentication_token: z.string().nullable(),
  reauthentication_sent_at: Instant.nullable(),
  last_sign_in_at: Instant.nullable(),
  raw_app_meta_data: Json.nullable(),
  raw_user_meta_data: Json.nullable(),
  is_sso_user: z.boolean(),
  is_anonymous: z.boolean(),
  created_at: Instant.nullable(),
  updated_at: Instant.nullable(),
  banned_until: Instant.nullable(),
  deleted_at: Instant.nullable(),
});
/** A row of auth.users. */
export type User = z.infer<typeof User>;

export const SessionState = z.object({
  id: z.string(),
  user_id: z.string(),
  aal: z.enum(["aal1", "aal2", "aal3"]).nullable(),
  factor_id: z.string().nullable(),
  created_at: Instant,
  not_after: Instant.nullable(),
  /** Without a zone, in UTC. */
  refreshed_at: z.string().nullable(),
  /** How the session was authenticated, newest first; `timestamp` in seconds. */
  amr: z.array(z.object({ method: z.string(), timestamp: z.number() })),
});
/** A row of auth.sessions with its authentication methods. */
export type SessionState = z.infer<typeof SessionState>;

export const Account = z.object({
  user: User,
  identities: z.array(Identity),
  factors: z.array(Factor),
});
/** A user with all that hangs on it. */
export type Account = z.infer<typeof Account>;

/** The columns of an account for a query that calls auth.users `u`; rows parse with `Account`. */
export const accountColumns = `
  to_jsonb(u) as "user",
  coalesce(
    (select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i
     where i.user_id = u.id),
    '[]'
  ) as identities,
  coalesce(
    (select jsonb_agg(to_jsonb(f) order by f.created_at) from auth.mfa_factors f
     where f.user_id = u.id),
    '[]'
  ) as factors`;

const sessionColumn = `
  (
    select to_jsonb(s) || jsonb_build_object('amr', coalesce(
      (select jsonb_agg(
         jsonb_build_object(
           'method', a.authentication_method,
           'timestamp', floor(extract(epoch from a.updated_at))::bigint
         )
         order by a.updated_at desc
       )
       from auth.mfa_amr_claims a where a.session_id = s.id),
      '[]'
    ))
    from auth.sessions s where s.id = nullif($2, '')::uuid
  ) as session`;

const byId = `
  select ${accountColumns}, ${sessionColumn}
  from auth.users u
  where u.instance_id = '${instance}' and u.id = $1::uuid`;

const WithSession = Account.extend({ session: SessionState.nullable() });

export interface Found {
  account: Account;
  session: SessionState | null;
}

/** The user with this id, and the session with that one; null when the user is gone. */
export const findById = async (
  reader: Reader,
  userId: string,
  sessionId: string | null = null,
): Promise<Found | null> => {
  const { rows } = await reader.query(byId, [userId, sessionId ?? ""]);
  if (!rows[0]) return null;
  const { session, ...account } = WithSession.parse(rows[0]);
  return { account, session };
};

/** As `findById` for a user that must be there, as within the transaction that made it. */
export const readAccount = async (reader: Reader, userId: string): Promise<Account> => {
  const found = await findById(reader, userId);
  if (!found) throw new Error(`The user ${userId} vanished within a transaction.`);
  return found.account;
};

const one = async (
  reader: Reader,
  condition: string,
  parameters: readonly string[],
): Promise<Account | null> => {
  const { rows } = await reader.query(
    `select ${accountColumns} from auth.users u
     where u.instance_id = '${instance}' and u.aud = '${audience}' and ${condition} limit 1`,
    parameters,
  );
  return rows[0] ? Account.parse(rows[0]) : null;
};

/** The user who signs in with this address, which is in lower case. */
export const findByEmail = (reader: Reader, email: string): Promise<Account | null> =>
  one(reader, "lower(u.email) = $1 and not u.is_sso_user", [email]);

/** Somebody, other than `except`, who has this address, be it as an identity. */
export const findHolder = (
  reader: Reader,
  email: string,
  except: string | null = null,
): Promise<Account | null> =>
  one(
    reader,
    `u.id is distinct from nullif($2, '')::uuid and u.id in (
       select i.user_id from auth.identities i
       where i.email = $1 and i.provider not like 'sso:%'
       union all
       select h.id from auth.users h
       where h.instance_id = '${instance}' and lower(h.email) = $1 and not h.is_sso_user
     )`,
    [email, except ?? ""],
  );

export const isBanned = ({ user }: Pick<Account, "user">, now = Date.now()): boolean =>
  user.banned_until !== null && Date.parse(user.banned_until) > now;

export const isEmailConfirmed = ({ user }: Account): boolean => user.email_confirmed_at !== null;

export const hasPassword = ({ user }: Account): boolean => Boolean(user.encrypted_password);

/** Whether a second factor was set up, so that sensitive changes ask for it. */
export const hasVerifiedFactor = ({ factors }: Account): boolean =>
  factors.some(({ status }) => status === "verified");
