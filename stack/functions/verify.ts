import type { AnswerCode } from "./answers.ts";

export type VerifyToken = (token: string) => Promise<unknown>;

/** What `verify_jwt` says to a request: nothing when it may pass, else why it may not. */
export const refusal = async (
  request: Request,
  verify: VerifyToken,
): Promise<AnswerCode | undefined> => {
  // Browsers send no credentials with a preflight.
  if (request.method === "OPTIONS") return undefined;
  const authorization = request.headers.get("authorization");
  if (!authorization) return "UNAUTHORIZED_NO_AUTH_HEADER";
  const [, token] = /^bearer\s+(\S+)$/i.exec(authorization) ?? [];
  const algorithm = token ? algorithmOf(token) : undefined;
  if (!token || !algorithm) return "UNAUTHORIZED_INVALID_JWT_FORMAT";
  try {
    await verify(token);
    return undefined;
  } catch {
    if (algorithm === "HS256") return "UNAUTHORIZED_LEGACY_JWT";
    return ["RS256", "ES256"].includes(algorithm)
      ? "UNAUTHORIZED_ASYMMETRIC_JWT"
      : "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM";
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
