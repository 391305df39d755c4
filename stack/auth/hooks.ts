import { randomUUID } from "node:crypto";
import { z } from "zod";
import { isDatabaseError } from "../database/database.ts";
import { AuthError } from "./auth-error.ts";
import type { AccessClaims } from "./claims.ts";
import type { AuthContext, Work } from "./context.ts";
import type { Issue } from "./sessions.ts";

/** `pg-functions://postgres/public/my_hook` → the function's name, quoted for SQL; null: another kind. */
const functionOf = (uri: string): string | null => {
  const [, schema, name] = /^pg-functions:\/\/[^/]+\/([^/]+)\/([^/]+)$/.exec(uri) ?? [];
  if (!schema || !name) return null;
  return [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
};

/** An `error` without a message is none, and one without a sensible status is a failure. */
const Refusal = z.looseObject({
  error: z.looseObject({
    http_code: z.int().min(400).max(599).catch(500),
    message: z.string().min(1),
  }),
});

const failure = (message: string, cause?: unknown) =>
  new AuthError(500, "unexpected_failure", message, { cause });

/**
 * Calls the SQL function of a hook within the transaction, as supabase_auth_admin; its answer is
 * the function's JSON. An `error` in it becomes the request's refusal.
 */
const callHook = async (work: Work, uri: string, input: unknown): Promise<unknown> => {
  const name = functionOf(uri);
  if (!name) throw failure(`The local stack calls hooks of pg-functions:// only, not ${uri}`);
  const { rows } = await work
    .query<{ answer: unknown }>(`select ${name}($1::jsonb) as answer`, [JSON.stringify(input)])
    .catch((error: unknown) => {
      throw isDatabaseError(error) ? failure(`Error running hook URI: ${uri}`, error) : error;
    });
  const answer = rows[0]?.answer;
  const refusal = Refusal.safeParse(answer);
  if (!refusal.success) return answer;
  const { http_code, message } = refusal.data.error;
  // Hooks name no code: GoTrue has one for failures alone.
  throw new AuthError(http_code, http_code === 500 ? "unexpected_failure" : "unknown", message);
};

/** What every hook is told of the request. */
const metadataOf = ({ call }: Work, name: string) => ({
  uuid: randomUUID(),
  time: new Date().toISOString(),
  name,
  ip_address: call.ip,
});

/** Claims that Supabase's services rest on; a hook may change and add, but not drop them. */
const Output = z.looseObject({
  claims: z.looseObject({
    aud: z.union([z.string(), z.array(z.string())]),
    exp: z.int(),
    iat: z.int(),
    sub: z.string(),
    email: z.string(),
    phone: z.string(),
    role: z.string(),
    aal: z.string(),
    session_id: z.string(),
    is_anonymous: z.boolean(),
  }),
});

/** The claims as `[auth.hook.custom_access_token]` wants them, or as they are without one. */
export const customizedClaims = async (
  auth: AuthContext,
  work: Work,
  claims: AccessClaims,
  { userId, method }: Issue,
): Promise<Record<string, unknown>> => {
  const { enabled, uri } = auth.settings.hook.custom_access_token;
  if (!enabled) return claims;
  const now = Math.floor(Date.now() / 1000);
  const answer = await callHook(work, uri, {
    metadata: metadataOf(work, "customize-access-token"),
    user_id: userId,
    claims: { ...claims, iat: now, exp: now + auth.settings.jwt_expiry },
    authentication_method: method,
  });
  const output = Output.safeParse(answer);
  if (output.success) return output.data.claims;
  const [issue] = output.error.issues;
  throw failure(
    `output claims do not conform to the expected schema: ${issue?.path.join(".")}: ${issue?.message}`,
  );
};

/** Lets `[auth.hook.before_user_created]` refuse a user that is about to be made. */
export const askBeforeUserCreated = async (
  work: Work,
  user: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const { enabled, uri } = work.settings.hook.before_user_created;
  if (!enabled) return;
  await callHook(work, uri, { metadata: metadataOf(work, "before-user-created"), user });
};

/** A hook's no to an attempt, be it right or wrong. */
export interface Rejection {
  message: string;
  /** Whether the user's sessions shall end. */
  logOut: boolean;
}

const Decision = z.looseObject({
  decision: z.literal("reject"),
  message: z.string().catch(""),
  should_logout_user: z.boolean().catch(false),
});

const rejectionOf = (answer: unknown, standard: string): Rejection | null => {
  const decision = Decision.safeParse(answer);
  if (!decision.success) return null;
  const { message, should_logout_user } = decision.data;
  return { message: message || standard, logOut: should_logout_user };
};

/** Tells `[auth.hook.password_verification_attempt]` of a sign-in; null: it lets it be. */
export const askAboutPassword = async (
  work: Work,
  attempt: { userId: string; valid: boolean },
): Promise<Rejection | null> => {
  const answer = await callHook(work, work.settings.hook.password_verification_attempt.uri, {
    metadata: metadataOf(work, "password-verification"),
    user_id: attempt.userId,
    valid: attempt.valid,
  });
  return rejectionOf(answer, "Further password verification attempts will be rejected.");
};

/** Tells `[auth.hook.mfa_verification_attempt]` of a second factor's code; as `askAboutPassword`. */
export const askAboutFactor = async (
  work: Work,
  attempt: { userId: string; factorId: string; factorType: string; valid: boolean },
): Promise<Rejection | null> => {
  const { enabled, uri } = work.settings.hook.mfa_verification_attempt;
  if (!enabled) return null;
  const answer = await callHook(work, uri, {
    metadata: metadataOf(work, "mfa-verification"),
    user_id: attempt.userId,
    factor_id: attempt.factorId,
    factor_type: attempt.factorType,
    valid: attempt.valid,
  });
  return rejectionOf(answer, "Further MFA verification attempts will be rejected.");
};
