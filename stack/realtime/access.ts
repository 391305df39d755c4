import { createHash, timingSafeEqual } from "node:crypto";
import { decodeJwt } from "jose";
import { z } from "zod";
import { TokenRefused } from "../auth/tokens.ts";

export type Claims = Record<string, unknown>;

/** The claims of a genuine JWT; rejects with `TokenRefused`. */
export type VerifyToken = (token: string) => Promise<Claims>;

/** The project's API keys; legacy keys are JWTs and come through `VerifyToken`. */
export interface Keys {
  publishable: string;
  secret: string;
}

/** Who a key or token speaks for. */
export interface Access {
  role: string;
  claims: Claims;
  /** Seconds since the epoch; absent: never. */
  expiresAt?: number;
}

/** Why a key or token gives no access, in Supabase Realtime's words. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface AccessPorts {
  keys: Keys;
  verifyToken: VerifyToken;
}

export interface Credentials {
  /** Access of an API key or a JWT; rejects with `Refused`. */
  accessOf(credential: string): Promise<Access>;
}

export const createCredentials = ({ keys, verifyToken }: AccessPorts): Credentials => ({
  accessOf: async (credential) => {
    if (isSame(credential, keys.publishable)) return keyAccess("anon");
    if (isSame(credential, keys.secret)) return keyAccess("service_role");
    return accessOfClaims(await verified(credential, verifyToken));
  },
});

/** An API key that is no JWT: clients without a session send theirs where a token is expected. */
export const isApiKey = (credential: string): boolean => credential.startsWith("sb_");

/** Seconds since the epoch, whole as in a JWT. */
export const now = (): number => Math.floor(Date.now() / 1000);

export const expired = (expiresAt: number): Refused =>
  new Refused("InvalidJWTToken", `Token has expired ${Math.max(0, now() - expiresAt)} seconds ago`);

const keyAccess = (role: string): Access => ({ role, claims: { iss: "supabase", role } });

const missingClaims = () =>
  new Refused("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");

const Required = z.looseObject({ role: z.string().min(1), exp: z.int() });

const accessOfClaims = (claims: Claims): Access => {
  const { data } = Required.safeParse(claims);
  if (!data) throw missingClaims();
  if (data.exp <= now()) throw expired(data.exp);
  return { role: data.role, claims, expiresAt: data.exp };
};

const refusalOf = (token: string, { reason }: TokenRefused): Refused => {
  switch (reason) {
    case "expired":
      return expired(decodeJwt(token).exp ?? now());
    case "no_role":
      return missingClaims();
    case "not_yet_valid":
      return new Refused("InvalidJWTToken", "Token is not valid yet");
    case "malformed":
      return new Refused("MalformedJWT", "The token provided is not a valid JWT");
    case "bad_signature":
      return new Refused("JwtSignatureError", "Failed to validate JWT signature");
  }
};

const verified = async (token: string, verifyToken: VerifyToken): Promise<Claims> => {
  try {
    return await verifyToken(token);
  } catch (error) {
    throw error instanceof TokenRefused ? refusalOf(token, error) : error;
  }
};

const digest = (value: string) => createHash("sha256").update(value).digest();

const isSame = (given: string, expected: string) =>
  timingSafeEqual(digest(given), digest(expected));
