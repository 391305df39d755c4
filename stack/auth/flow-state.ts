import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { AuthError, invalid } from "./auth-error.ts";
import type { Reader, Work } from "./context.ts";
import type { Method } from "./sessions.ts";

/** PKCE in a request's body; both empty for the implicit flow. */
export interface Challenge {
  code_challenge: string;
  code_challenge_method: string;
}

/** Throws for half a challenge or a malformed one. https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
export const checkChallenge = (body: Challenge): void => {
  if ((body.code_challenge === "") !== (body.code_challenge_method === "")) {
    throw invalid("PKCE flow requires code_challenge_method and code_challenge");
  }
  if (body.code_challenge === "") return;
  const { length } = body.code_challenge;
  if (length < 43 || length > 128) {
    throw invalid("code challenge has to be between 43 and 128 characters");
  }
  if (!/^[\w.~-]+$/.test(body.code_challenge)) {
    throw invalid(
      "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes",
    );
  }
  methodOf(body);
};

export const usesPkce = (body: Challenge): boolean => body.code_challenge !== "";

const methodOf = ({ code_challenge_method }: Challenge): "s256" | "plain" => {
  const method = code_challenge_method.toLowerCase();
  if (method === "s256" || method === "plain") return method;
  throw invalid(`unsupported code_challenge method "${code_challenge_method}"`);
};

const FlowState = z.object({
  id: z.string(),
  user_id: z.string().nullable(),
  auth_code: z.string().nullable(),
  auth_code_issued_at: z.string().nullable(),
  code_challenge: z.string().nullable(),
  code_challenge_method: z.enum(["s256", "plain"]).nullable(),
  provider_type: z.string(),
  provider_access_token: z.string().nullable(),
  provider_refresh_token: z.string().nullable(),
  authentication_method: z.string(),
  referrer: z.string().nullable(),
  invite_token: z.string().nullable(),
  linking_target_id: z.string().nullable(),
  email_optional: z.boolean(),
  created_at: z.string(),
});
/** A row of auth.flow_state: a sign-in that was begun and waits for its authorization code's use. */
export type FlowState = z.infer<typeof FlowState>;

export interface NewFlow {
  userId?: string | null;
  /** `email`, `magiclink`, a provider's name … */
  provider: string;
  method: Method;
  /** Absent for the implicit flow of an OAuth sign-in. */
  challenge?: Challenge | null;
  referrer?: string | null;
  inviteToken?: string | null;
  /** The user whom a new identity shall be linked to. */
  linkTo?: string | null;
  emailOptional?: boolean;
}

/** Notes that a flow has begun; returns its id, which OAuth carries as state. */
export const beginFlow = async (work: Work, flow: NewFlow): Promise<string> => {
  const id = randomUUID();
  const challenge = flow.challenge && usesPkce(flow.challenge) ? flow.challenge : null;
  await work.query(
    `insert into auth.flow_state (
       id, user_id, auth_code, code_challenge, code_challenge_method, provider_type,
       authentication_method, referrer, invite_token, linking_target_id, email_optional,
       provider_access_token, provider_refresh_token, created_at, updated_at
     )
     values (
       $1::uuid, $2::uuid, $3, $4, $5::auth.code_challenge_method, $6, $7, $8, $9, $10::uuid, $11,
       '', '', now(), now()
     )`,
    [
      id,
      flow.userId ?? null,
      challenge ? randomUUID() : null,
      challenge?.code_challenge ?? null,
      challenge ? methodOf(challenge) : null,
      flow.provider,
      flow.method,
      flow.referrer ?? null,
      flow.inviteToken ?? null,
      flow.linkTo ?? null,
      flow.emailOptional ?? false,
    ],
  );
  return id;
};

const find = async (
  reader: Reader,
  condition: string,
  parameters: readonly string[],
): Promise<FlowState | null> => {
  const { rows } = await reader.query(
    `select to_jsonb(f) as flow from auth.flow_state f where ${condition}
     order by f.created_at desc limit 1`,
    parameters,
  );
  return rows[0] ? FlowState.parse(rows[0].flow) : null;
};

export const findFlow = (reader: Reader, id: string): Promise<FlowState | null> =>
  find(reader, "f.id = $1::uuid", [id]);

export const findFlowByCode = (reader: Reader, code: string): Promise<FlowState | null> =>
  find(reader, "f.auth_code = $1", [code]);

/** The user's latest flow of a kind: what a followed link in a mail belongs to. */
export const findFlowOf = (
  reader: Reader,
  userId: string,
  method: Method,
): Promise<FlowState | null> =>
  find(reader, "f.user_id = $1::uuid and f.authentication_method = $2", [userId, method]);

const lifetimeMs = 5 * 60_000;

/** A code must be used within five minutes of its issue, an OAuth round trip of its begin. */
export const isFlowExpired = (flow: FlowState, now = Date.now()): boolean =>
  now > Date.parse(flow.auth_code_issued_at ?? flow.created_at) + lifetimeMs;

/** Marks the flow's code as handed out. */
export const issueCode = async (work: Work, flow: FlowState): Promise<string> => {
  await work.query(
    "update auth.flow_state set auth_code_issued_at = now(), updated_at = now() where id = $1::uuid",
    [flow.id],
  );
  return flow.auth_code ?? "";
};

/** Ends a flow, whose code works once; false when somebody else was faster. */
export const endFlow = async (work: Work, flow: FlowState): Promise<boolean> => {
  const { affected } = await work.query("delete from auth.flow_state f where f.id = $1::uuid", [
    flow.id,
  ]);
  return affected > 0;
};

/** Throws unless the verifier is what the flow's challenge was made of. */
export const checkVerifier = (flow: FlowState, verifier: string): void => {
  const derived =
    flow.code_challenge_method === "plain"
      ? verifier
      : createHash("sha256").update(verifier).digest("base64url");
  const [given, expected] = [Buffer.from(derived), Buffer.from(flow.code_challenge ?? "")];
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw new AuthError(
    400,
    "bad_code_verifier",
    "code challenge does not match previously saved code verifier",
  );
};
