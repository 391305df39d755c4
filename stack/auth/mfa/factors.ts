import { randomInt, randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import type { Work } from "../context.ts";

/** Seconds for which a challenge can be answered, and an abandoned enrolment stays. */
export const challengeLife = 300;

const Challenge = z.object({
  id: z.string(),
  ip_address: z.string(),
  verified_at: z.string().nullable(),
  created_at: z.string(),
});
/** A row of auth.mfa_challenges. */
export type Challenge = z.infer<typeof Challenge>;

/** Forgets enrolments that nobody finished. */
export const dropAbandonedFactors = async (work: Work): Promise<void> => {
  await work.query(
    `delete from auth.mfa_factors f
     where f.status <> 'verified'
       and f.created_at + make_interval(secs => $1) < now()
       and not exists (select from auth.mfa_challenges c where c.factor_id = f.id)`,
    [challengeLife],
  );
};

/** Adds an unverified TOTP factor; a name that the user has already violates a unique index. */
export const insertTotpFactor = async (
  work: Work,
  factor: { userId: string; friendlyName: string; secret: string },
): Promise<string> => {
  const id = randomUUID();
  await work.query(
    `insert into auth.mfa_factors (
       id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at
     )
     values ($1::uuid, $2::uuid, $3, 'totp', 'unverified', $4, now(), now())`,
    [id, factor.userId, factor.friendlyName, factor.secret],
  );
  return id;
};

export const deleteFactor = async (work: Work, factorId: string): Promise<void> => {
  await work.query("delete from auth.mfa_factors f where f.id = $1::uuid", [factorId]);
};

export const deleteUnverifiedTotpFactors = async (work: Work, userId: string): Promise<void> => {
  await work.query(
    `delete from auth.mfa_factors f
     where f.user_id = $1::uuid and f.status = 'unverified' and f.factor_type = 'totp'`,
    [userId],
  );
};

export const markFactorVerified = async (work: Work, factorId: string): Promise<void> => {
  await work.query(
    "update auth.mfa_factors set status = 'verified', updated_at = now() where id = $1::uuid",
    [factorId],
  );
};

/** The caller's address; the column takes nothing but addresses. */
export const addressOf = ({ call }: Work): string => (isIP(call.ip) ? call.ip : "127.0.0.1");

/** Now in microseconds. The column is unique, and this clock alone gives milliseconds. */
const distinctInstant = () =>
  new Date().toISOString().replace("Z", `${String(randomInt(1000)).padStart(3, "0")}Z`);

/** Begins a challenge; `expiresAt` in seconds since the epoch. */
export const insertChallenge = async (
  work: Work,
  factorId: string,
): Promise<{ id: string; expiresAt: number }> => {
  const id = randomUUID();
  const { rows } = await work.query<{ expires_at: number }>(
    `with challenged as (
       update auth.mfa_factors set last_challenged_at = $4::timestamptz where id = $2::uuid
     )
     insert into auth.mfa_challenges (id, factor_id, created_at, ip_address)
     values ($1::uuid, $2::uuid, now(), $3::inet)
     returning (floor(extract(epoch from created_at)) + $5)::integer as expires_at`,
    [id, factorId, addressOf(work), distinctInstant(), challengeLife],
  );
  return { id, expiresAt: rows[0]?.expires_at ?? 0 };
};

export const findChallenge = async (
  work: Work,
  factorId: string,
  challengeId: string,
): Promise<Challenge | null> => {
  const { rows } = await work.query(
    `select c.id, host(c.ip_address) as ip_address, c.verified_at::text, to_jsonb(c) ->> 'created_at' as created_at
     from auth.mfa_challenges c
     where c.id = $1::uuid and c.factor_id = $2::uuid
     for update`,
    [challengeId, factorId],
  );
  return rows[0] ? Challenge.parse(rows[0]) : null;
};

export const isChallengeExpired = ({ created_at }: Challenge, now = Date.now()): boolean =>
  now > Date.parse(created_at) + challengeLife * 1000;

export const deleteChallenge = async (work: Work, challengeId: string): Promise<void> => {
  await work.query("delete from auth.mfa_challenges c where c.id = $1::uuid", [challengeId]);
};

export const markChallengeVerified = async (work: Work, challengeId: string): Promise<void> => {
  await work.query("update auth.mfa_challenges set verified_at = now() where id = $1::uuid", [
    challengeId,
  ]);
};

/** The session has shown this factor. */
export const raiseSession = async (
  work: Work,
  sessionId: string,
  factorId: string,
): Promise<void> => {
  await work.query(
    `update auth.sessions set aal = 'aal2', factor_id = $2::uuid, updated_at = now()
     where id = $1::uuid`,
    [sessionId, factorId],
  );
};

/** Ends the user's sessions that have shown no second factor. */
export const endWeakSessions = async (work: Work, userId: string): Promise<void> => {
  await work.query("delete from auth.sessions s where s.user_id = $1::uuid and s.aal < 'aal2'", [
    userId,
  ]);
};

/** Sessions that showed this factor, which is gone, are back at the first. */
export const lowerSessionsOf = async (work: Work, factorId: string): Promise<void> => {
  await work.query(
    `with lowered as (
       update auth.sessions set aal = 'aal1', factor_id = null, updated_at = now()
       where factor_id = $1::uuid
       returning id
     )
     delete from auth.mfa_amr_claims a using lowered
     where a.session_id = lowered.id and a.authentication_method = 'totp'`,
    [factorId],
  );
};
