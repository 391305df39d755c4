import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";

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
  /** Signs claims as they are, adding `iat` and `exp` when a lifetime in seconds is given. */
  sign(claims: Record<string, unknown>, lifetime?: number): Promise<string>;
}

/** Tokens remembered as genuine, so that a client's next requests skip the signature check. */
const remembered = 2_000;

const reasonOf = (error: unknown): RefusalReason => {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) return "not_yet_valid";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad_signature";
  // Another algorithm than ours: whoever signed it, it was not us.
  if (error instanceof errors.JOSEAlgNotAllowed) return "bad_signature";
  return "malformed";
};

/** Signs and verifies with the project's shared secret (HS256), as Supabase's legacy JWT secret. */
export const createTokens = (secret: string): Tokens => {
  const key = new TextEncoder().encode(secret);
  const genuine = new Map<string, Claims>();

  const check = async (token: string): Promise<Claims> => {
    const payload = await jwtVerify(token, key, { algorithms: ["HS256"] }).then(
      (verified) => verified.payload,
      (error: unknown) => {
        throw new TokenRefused(reasonOf(error));
      },
    );
    const claims = Claims.safeParse(payload);
    if (!claims.success) throw new TokenRefused("no_role");
    return claims.data;
  };

  return {
    verify: async (token) => {
      const known = genuine.get(token);
      if (known) {
        if (known.exp === undefined || known.exp * 1000 > Date.now()) return known;
        genuine.delete(token);
        throw new TokenRefused("expired");
      }
      const claims = await check(token);
      const [oldest] = genuine.keys();
      if (genuine.size >= remembered && oldest !== undefined) genuine.delete(oldest);
      genuine.set(token, claims);
      return claims;
    },
    sign: (claims, lifetime) => {
      const jwt = new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" });
      if (lifetime === undefined) return jwt.sign(key);
      const now = Math.floor(Date.now() / 1000);
      return jwt
        .setIssuedAt(now)
        .setExpirationTime(now + lifetime)
        .sign(key);
    },
  };
};
