import { randomBytes, randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import { AuthError } from "./auth-error.ts";
import { accessClaims } from "./claims.ts";
import type { AuthContext, Reader, Work } from "./context.ts";
import { customizedClaims } from "./hooks.ts";
import { userJson } from "./user-json.ts";
import { findById, instance, SessionState, User } from "./users.ts";

/** How a session came to be, as the `amr` claim names it. */
const Method = z.enum([
  "password",
  "otp",
  "oauth",
  "anonymous",
  "recovery",
  "invite",
  "magiclink",
  "email/signup",
  "email_change",
  "token_refresh",
  "totp",
]);
export type Method = z.infer<typeof Method>;

export const isMethod = (text: string): text is Method => Method.safeParse(text).success;

export interface Issue {
  userId: string;
  sessionId: string;
  refreshToken: string;
  /** What led to this token, for the hook; the `amr` claim has the session's own methods. */
  method: Method;
}

/** A session about to be handed out. */
export interface Grant extends Issue {
  /** What the project's hook made of the claims; null: they are as they are. */
  claims: Record<string, unknown> | null;
}

const letters = "abcdefghijklmnopqrstuvwxyz234567";

/** Twelve letters and digits, 60 bits, as GoTrue's refresh tokens. */
export const newRefreshToken = (): string =>
  Array.from(randomBytes(12), (byte) => letters[byte % letters.length]).join("");

/** The caller's address where PostgreSQL's inet takes it. */
const addressOf = (work: Work): string | null => (isIP(work.call.ip) ? work.call.ip : null);

const userAgentOf = (work: Work): string | null => work.call.request.headers.get("user-agent");

const begin = `
  with session as (
    insert into auth.sessions (id, user_id, factor_id, aal, user_agent, ip, created_at, updated_at)
    values ($2::uuid, $1::uuid, $3::uuid, $4::auth.aal_level, $5, $6::inet, now(), now())
    returning id, user_id
  ),
  method as (
    insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
    select gen_random_uuid(), session.id, $7, now(), now() from session
  ),
  signed_in as (
    update auth.users u set last_sign_in_at = now(), updated_at = now() where u.id = $1::uuid
  )
  insert into auth.refresh_tokens (
    instance_id, token, user_id, session_id, revoked, created_at, updated_at
  )
  select '${instance}', $8, session.user_id, session.id, false, now(), now() from session`;

/** Signs a user in: a new session with its first refresh token. */
export const beginSession = async (
  auth: AuthContext,
  work: Work,
  userId: string,
  method: Method,
): Promise<Grant> => {
  const sessionId = randomUUID();
  const refreshToken = newRefreshToken();
  await work.query(begin, [
    userId,
    sessionId,
    null,
    "aal1",
    userAgentOf(work),
    addressOf(work),
    method,
    refreshToken,
  ]);
  return grantOf(auth, work, { userId, sessionId, refreshToken, method });
};

/** Lets the project's hook have its say about an access token, within the transaction. */
export const grantOf = async (auth: AuthContext, work: Work, issue: Issue): Promise<Grant> => {
  if (!auth.settings.hook.custom_access_token.enabled) return { ...issue, claims: null };
  const { account, session } = await readSession(work, issue);
  const plain = accessClaims(account, session, auth.issuer);
  return { ...issue, claims: await customizedClaims(auth, work, plain, issue) };
};

const readSession = async (reader: Reader, { userId, sessionId }: Issue) => {
  const found = await findById(reader, userId, sessionId);
  if (found?.session) return { account: found.account, session: found.session };
  throw new AuthError(403, "session_not_found", "The session ended before it was handed out");
};

/** The session as clients keep it; reads and signs, so it belongs after the transaction. */
export const sessionJson = async (auth: AuthContext, grant: Grant) => {
  const lifetime = auth.settings.jwt_expiry;
  const { account, session } = await readSession(auth.database, grant);
  const { tokens } = auth;
  return {
    // A hook's claims hold the times that it wants.
    access_token: grant.claims
      ? await tokens.sign(grant.claims)
      : await tokens.sign(accessClaims(account, session, auth.issuer), lifetime),
    token_type: "bearer",
    expires_in: lifetime,
    expires_at: Math.floor(Date.now() / 1000) + lifetime,
    refresh_token: grant.refreshToken,
    user: userJson(account),
  };
};

/** Records another way in which the session was authenticated, such as `totp`. */
export const addMethod = async (work: Work, sessionId: string, method: Method): Promise<void> => {
  await work.query(
    `insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
     values (gen_random_uuid(), $1::uuid, $2, now(), now())
     on conflict (session_id, authentication_method) do update set updated_at = now()`,
    [sessionId, method],
  );
};

const RefreshToken = z.object({
  token: z.string(),
  parent: z.string().nullable(),
  revoked: z.boolean(),
  user_id: z.string(),
  session_id: z.string(),
  updated_at: z.string(),
});
/** A row of auth.refresh_tokens. */
export type RefreshToken = z.infer<typeof RefreshToken>;

const Presented = RefreshToken.extend({ user: User, session: SessionState.omit({ amr: true }) });
/** A refresh token that a client shows, with whose it is. */
export type Presented = z.infer<typeof Presented>;

/** Finds a refresh token and keeps others from using any of its session until the end of `work`. */
export const lockRefreshToken = async (work: Work, token: string): Promise<Presented | null> => {
  await work.query(
    `select from auth.sessions s
     where s.id = (select t.session_id from auth.refresh_tokens t where t.token = $1)
     for update`,
    [token],
  );
  // Read after the lock was got: what the one before us did to the token must be seen.
  const { rows } = await work.query(
    `select t.token, t.parent, t.revoked, t.user_id, t.session_id, t.updated_at,
       to_jsonb(u) as "user", to_jsonb(s) as session
     from auth.refresh_tokens t
     join auth.sessions s on s.id = t.session_id
     join auth.users u on u.id = s.user_id and u.instance_id = '${instance}'
     where t.token = $1`,
    [token],
  );
  return rows[0] ? Presented.parse(rows[0]) : null;
};

/** The newest refresh token of a session that still works. */
export const activeRefreshToken = async (
  reader: Reader,
  sessionId: string,
): Promise<RefreshToken | null> => {
  const { rows } = await reader.query(
    `select t.token, t.parent, t.revoked, t.user_id, t.session_id, t.updated_at
     from auth.refresh_tokens t
     where t.session_id = $1::uuid and not t.revoked order by t.id desc limit 1`,
    [sessionId],
  );
  return rows[0] ? RefreshToken.parse(rows[0]) : null;
};

/** Revokes a refresh token and returns its child. */
export const rotate = async (work: Work, token: RefreshToken): Promise<string> => {
  const child = newRefreshToken();
  await work.query(
    `with spent as (
       update auth.refresh_tokens t set revoked = true, updated_at = now() where t.token = $1
     )
     insert into auth.refresh_tokens (
       instance_id, token, parent, user_id, session_id, revoked, created_at, updated_at
     )
     values ('${instance}', $2, $1, $3, $4::uuid, false, now(), now())`,
    [token.token, child, token.user_id, token.session_id],
  );
  return child;
};

/** Revokes all of a session's refresh tokens: whoever holds one must sign in again. */
export const revokeFamily = async (work: Work, sessionId: string): Promise<void> => {
  await work.query(
    `update auth.refresh_tokens t set revoked = true, updated_at = now()
     where t.session_id = $1::uuid and not t.revoked`,
    [sessionId],
  );
};

/** Notes when and from where a session was last refreshed. */
export const noteRefresh = async (work: Work, sessionId: string): Promise<void> => {
  await work.query(
    `update auth.sessions s
     set refreshed_at = now() at time zone 'utc', user_agent = $2, ip = $3::inet, updated_at = now()
     where s.id = $1::uuid`,
    [sessionId, userAgentOf(work), addressOf(work)],
  );
};

/** Ends every session of a user, or all but one; access tokens of ended sessions fail at Auth. */
export const endSessions = async (
  work: Work,
  userId: string,
  except: string | null = null,
): Promise<void> => {
  await work.query(
    "delete from auth.sessions s where s.user_id = $1::uuid and s.id is distinct from $2::uuid",
    [userId, except],
  );
};

export const endSession = async (work: Work, sessionId: string): Promise<void> => {
  await work.query("delete from auth.sessions s where s.id = $1::uuid", [sessionId]);
};
