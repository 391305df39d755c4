import type { AnswerCode } from "./answers.ts";

export type VerifyToken = (token: string) => Promise<unknown>;

export interface VerifyPorts {
  /** The claims of a genuine token, whatever its algorithm; throws for any other. */
  verifyToken: VerifyToken;
  /** Whether this is one of the project's publishable or secret keys. */
  isApiKey(key: string): boolean;
}

/** Why a request may not pass, with the words for its sender where the code has none of its own. */
export interface Refusal {
  code: AnswerCode;
  message?: string;
}

/**
 * What `verify_jwt` says to a request: nothing when it may pass. A token in `Authorization` counts;
 * without one, or with an opaque key in its place, an API key does, as on Supabase.
 */
export const refusal = async (
  request: { method: string; headers: Pick<Headers, "get"> },
  ports: VerifyPorts,
): Promise<Refusal | undefined> => {
  // Browsers send no credentials with a preflight.
  if (request.method === "OPTIONS") return undefined;
  const authorization = request.headers.get("authorization");
  const apiKey = request.headers.get("apikey")?.trim();
  if (!authorization && !apiKey) return { code: "UNAUTHORIZED_NO_AUTH_HEADER" };
  const [, bearer] = /^Bearer (\S+)$/i.exec(authorization ?? "") ?? [];
  const credentials = bearer && !bearer.startsWith("sb_") ? [bearer] : [bearer, apiKey];
  if (credentials.some((credential) => credential && ports.isApiKey(credential))) return undefined;
  return await judgeToken(credentials.at(-1) ?? "", ports.verifyToken);
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
