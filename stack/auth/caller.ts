import { z } from "zod";
import { bearerOf } from "./api-keys.ts";
import { AuthError } from "./auth-error.ts";
import type { AuthContext } from "./context.ts";
import { type Claims, type RefusalReason, TokenRefused } from "./tokens.ts";
import { type Account, findById, type SessionState } from "./users.ts";

/** Whom a valid access token names. */
export interface SignedIn {
  claims: Claims;
  account: Account;
  /** The session that the token belongs to; null for tokens that name none. */
  session: SessionState | null;
}

const badJwt = (message: string) => new AuthError(403, "bad_jwt", message);

const reasons: Readonly<Record<RefusalReason, string>> = {
  malformed: "token is malformed: token contains an invalid number of segments",
  bad_signature: "token signature is invalid: signature is invalid",
  expired: "token has invalid claims: token is expired",
  not_yet_valid: "token has invalid claims: token is not valid yet",
  no_role: "token has invalid claims: token names no role",
};

/** The claims of the bearer token, or of the API key when it stands alone. */
const claimsOf = async (auth: AuthContext, request: Request): Promise<Claims> => {
  const token = bearerOf(request);
  if (!token) return auth.doorkeeper.admit(request).claims;
  return auth.tokens.verify(token).catch((error: unknown) => {
    if (!(error instanceof TokenRefused)) throw error;
    throw badJwt(`invalid JWT: unable to parse or verify signature, ${reasons[error.reason]}`);
  });
};

/** The role that a request may act as: `service_role` for the secret key or a token with it. */
export const trustedRole = async (auth: AuthContext, request: Request): Promise<string> =>
  (await claimsOf(auth, request)).role;

const Uuid = z.uuid();
const noSession = "00000000-0000-0000-0000-000000000000";

/** The user whose token the request bears; throws GoTrue's refusals. */
export const signedIn = async (auth: AuthContext, request: Request): Promise<SignedIn> => {
  const claims = await claimsOf(auth, request);
  if (!claims.sub) throw badJwt("invalid claim: missing sub claim");
  const userId = Uuid.safeParse(claims.sub);
  if (!userId.success) {
    throw new AuthError(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
  }
  const named = claims.session_id && claims.session_id !== noSession ? claims.session_id : null;
  const sessionId = Uuid.nullable().safeParse(named);
  if (!sessionId.success) throw badJwt("invalid claim: session_id claim must be a UUID");

  const found = await findById(auth.database, userId.data, sessionId.data);
  if (!found) {
    throw new AuthError(403, "user_not_found", "User from sub claim in JWT does not exist");
  }
  if (sessionId.data && found.session?.user_id !== userId.data) {
    throw new AuthError(
      403,
      "session_not_found",
      "Session from session_id claim in JWT does not exist",
    );
  }
  return { claims, account: found.account, session: found.session };
};
