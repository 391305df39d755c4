import { apiKeyOf, type Doorkeeper } from "../auth/api-keys.ts";
import { TokenRefused, type Tokens } from "../auth/tokens.ts";
import { accessDenied, invalidRequest } from "./errors.ts";

/** Who asks, and so which policies apply. */
export interface Caller {
  role: string;
  claims: Record<string, unknown>;
  /** The user's id; absent for keys. */
  owner?: string | undefined;
}

/** Storage itself: what it does on behalf of whoever has been let in. */
export const service: Caller = { role: "service_role", claims: { role: "service_role" } };

/** Whoever comes without key and token. */
export const nobody: Caller = { role: "anon", claims: { role: "anon" } };

/** The roles that `authenticator` may take on. */
const requestRoles = new Set(["anon", "authenticated", "service_role"]);

/** In the words of the verifier that Supabase Storage uses. */
const refusals = {
  malformed: "Invalid Compact JWS",
  bad_signature: "signature verification failed",
  expired: '"exp" claim timestamp check failed',
  not_yet_valid: '"nbf" claim timestamp check failed',
  no_role: "the token names no role",
} as const;

export interface Callers {
  /** The caller behind key and token; throws `StorageError`, or `CallerRefused` for a wrong key. */
  identify(request: Request): Promise<Caller>;
  /** As `identify`, but null for nobody and for tokens that are not believed. */
  recognise(request: Request): Promise<Caller | null>;
}

/**
 * Storage asks for no API key: public and signed addresses work alone, and a bearer token does
 * without one. A key that is sent must be right, and stands in for a missing token.
 */
export const createCallers = (doorkeeper: Doorkeeper, tokens: Tokens): Callers => {
  const callerOf = (claims: Record<string, unknown> & { role: string }): Caller => {
    const { role, sub } = claims;
    if (!requestRoles.has(role)) throw accessDenied(`permission denied to set role "${role}"`);
    return { role, claims, owner: typeof sub === "string" ? sub : undefined };
  };

  const withKey = (request: Request, key: string) =>
    doorkeeper.admit(new Request(request.url, { headers: { apikey: key } }));

  const find = async (request: Request): Promise<Caller | null> => {
    const key = apiKeyOf(request) ? doorkeeper.admit(request) : null;
    const authorization = request.headers.get("authorization");
    if (!authorization) return key && callerOf(key.claims);
    const token = authorization.replace(/^Bearer\s+/i, "");
    if (token.startsWith("sb_")) return callerOf(withKey(request, token).claims);
    return callerOf(await tokens.verify(token));
  };

  return {
    identify: async (request) => {
      try {
        const caller = await find(request);
        if (caller) return caller;
      } catch (error) {
        throw error instanceof TokenRefused ? accessDenied(refusals[error.reason]) : error;
      }
      throw invalidRequest("headers must have required property 'authorization'");
    },
    recognise: (request) =>
      find(request).catch((error: unknown) => {
        if (error instanceof TokenRefused) return null;
        throw error;
      }),
  };
};
