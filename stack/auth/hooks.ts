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
  await callHook(work, uri, {
    metadata: {
      uuid: randomUUID(),
      name: "before-user-created",
      time: new Date().toISOString(),
      ip_address: work.call.ip,
    },
    user,
  });
};
