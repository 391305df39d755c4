import type { AnswerCode } from "./answers.ts";

/** The claims of a genuine token, whatever its algorithm; rejects for any other. */
export type VerifyToken = (token: string) => Promise<unknown>;

/** Why a request may not pass, with the words for its sender where the code has none of its own. */
export interface Refusal {
  code: AnswerCode;
  message?: string;
}

/**
 * What `verify_jwt` says to a request: nothing when it may pass. Only a token in `Authorization`
 * counts, the older anon and service_role keys among them; publishable and secret keys are no
 * tokens. https://supabase.com/docs/guides/api/api-keys#known-limitations-and-compatibility-differences
 */
export const refusal = async (
  request: { method: string; headers: Pick<Headers, "get"> },
  verifyToken: VerifyToken,
): Promise<Refusal | undefined> => {
  // Browsers send no credentials with a preflight.
  if (request.method === "OPTIONS") return undefined;
  const authorization = request.headers.get("authorization");
  if (!authorization) return { code: "UNAUTHORIZED_NO_AUTH_HEADER" };
  const [, bearer = ""] = /^Bearer (\S+)$/.exec(authorization) ?? [];
  return await judgeToken(bearer, verifyToken);
};

const judgeToken = async (token: string, verify: VerifyToken): Promise<Refusal | undefined> => {
  const algorithm = algorithmOf(token);
  if (!algorithm) return { code: "UNAUTHORIZED_INVALID_JWT_FORMAT" };
  if (!["HS256", "RS256", "ES256"].includes(algorithm)) {
    const message = `Unsupported JWT algorithm ${algorithm}`;
    return { code: "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", message };
  }
  try {
    await verify(token);
    return undefined;
  } catch {
    const isLegacy = algorithm === "HS256";
    return { code: isLegacy ? "UNAUTHORIZED_LEGACY_JWT" : "UNAUTHORIZED_ASYMMETRIC_JWT" };
  }
};

const algorithmOf = (token: string): string | undefined => {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(parts[0] ?? "", "base64url").toString());
    const hasAlgorithm = typeof header === "object" && header !== null && "alg" in header;
    return hasAlgorithm && typeof header.alg === "string" ? header.alg : undefined;
  } catch {
    return undefined;
  }
};
