import { type CryptoKey, errors, type JWTHeaderParameters, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { SigningKey } from "./signing-keys.ts";

/** What every token of this stack carries; other claims pass through untouched. */
const Claims = z.looseObject({
  role: z.string().min(1),
  sub: z.string().optional(),
  exp: z.number().optional(),
  session_id: z.string().optional(),
  is_anonymous: z.boolean().optional(),
});

export type Claims = z.infer<typeof Claims>;

export type RefusalReason = "malformed" | "bad_signature" | "expired" | "not_yet_valid" | "no_role";

/** A token that must not be believed; `reason` says why. */
export class TokenRefused extends Error {
  override name = "TokenRefused";
  constructor(readonly reason: RefusalReason) {
    super(`The token was refused: ${reason.replaceAll("_", " ")}.`);
  }
}

export interface Tokens {
  /** The claims of a token signed here; throws `TokenRefused`. */
  verify(token: string): Promise<Claims>;
  /**
   * Signs claims as they are, adding `iat` and `exp` when a lifetime in seconds is given: with the
   * project's own key, or with the JWT secret when it has none.
   */
  sign(claims: Record<string, unknown>, lifetime?: number): Promise<string>;
  /** As `sign`, always with the JWT secret (HS256). */
  signWithSecret(claims: Record<string, unknown>, lifetime?: number): Promise<string>;
  /** The public halves of the project's keys, as the JWKS endpoint shows them. */
  jwks(): { keys: Record<string, unknown>[] };
}

/** Tokens remembered as genuine, so that a client's next requests skip the signature check. */
const remembered = 5_000;

const reasonOf = (error: unknown): RefusalReason => {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) return "not_yet_valid";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad_signature";
  // Another algorithm or key than ours: whoever signed it, it was not us.
  if (error instanceof errors.JOSEAlgNotAllowed) return "bad_signature";
  if (error instanceof errors.JWKSNoMatchingKey) return "bad_signature";
  return "malformed";
};

/**
 * Signs with the project's first private key and verifies with any of its keys; tokens signed with
 * the shared secret (HS256) stay valid, as Supabase's legacy JWT secret does.
 */
export const createTokens = (secret: string, keys: readonly SigningKey[] = []): Tokens => {
  const secretKey = new TextEncoder().encode(secret);
  const current = keys.find(({ privateKey }) => privateKey !== null);
  const genuine = new Map<string, Claims>();

  const keyFor = ({ alg, kid }: JWTHeaderParameters): CryptoKey | Uint8Array => {
    const key = keys.find((candidate) => candidate.kid === kid && candidate.alg === alg);
    if (key) return key.publicKey;
    if (alg === "HS256") return secretKey;
    throw new errors.JWKSNoMatchingKey();
  };

  const check = async (token: string): Promise<Claims> => {
    const payload = await jwtVerify(token, keyFor, {
      algorithms: ["HS256", "ES256", "RS256"],
    }).then(
      (verified) => verified.payload,
      (error: unknown) => {
        throw new TokenRefused(reasonOf(error));
      },
    );
    const claims = Claims.safeParse(payload);
    if (!claims.success) throw new TokenRefused("no_role");
    return claims.data;
  };

  const remember = (token: string, claims: Claims) => {
    const [oldest] = genuine.keys();
    if (genuine.size >= remembered && oldest !== undefined) genuine.delete(oldest);
    genuine.set(token, claims);
  };

  const sign = async (
    claims: Record<string, unknown>,
    lifetime: number | undefined,
    header: JWTHeaderParameters,
    key: CryptoKey | Uint8Array,
  ): Promise<string> => {
    if (lifetime === undefined) return new SignJWT(claims).setProtectedHeader(header).sign(key);
    const iat = Math.floor(Date.now() / 1000);
    const timed = { ...claims, iat, exp: iat + lifetime };
    const token = await new SignJWT(timed).setProtectedHeader(header).sign(key);
    // What we have just signed needs no check when it comes back in a moment.
    const known = Claims.safeParse(timed);
    if (known.success && !("nbf" in claims)) remember(token, known.data);
    return token;
  };

  const signWithSecret: Tokens["signWithSecret"] = (claims, lifetime) =>
    sign(claims, lifetime, { alg: "HS256", typ: "JWT" }, secretKey);

  return {
    verify: async (token) => {
      const known = genuine.get(token);
      if (known) {
        if (known.exp === undefined || known.exp * 1000 > Date.now()) return known;
        genuine.delete(token);
        throw new TokenRefused("expired");
      }
      const claims = await check(token);
      remember(token, claims);
      return claims;
    },
    sign: (claims, lifetime) => {
      if (!current?.privateKey) return signWithSecret(claims, lifetime);
      const header = { alg: current.alg, kid: current.kid, typ: "JWT" };
      return sign(claims, lifetime, header, current.privateKey);
    },
    signWithSecret,
    jwks: () => ({ keys: keys.map(({ publicJwk }) => publicJwk) }),
  };
};
