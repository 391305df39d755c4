import { readFile } from "node:fs/promises";
import { type CryptoKey, importJWK } from "jose";
import { z } from "zod";
import { ConfigProblem } from "../config.ts";

/** One of the project's own keys for access tokens. */
export interface SigningKey {
  kid: string;
  alg: "ES256" | "RS256";
  /** Absent for a key that is only kept to verify tokens it signed earlier. */
  privateKey: CryptoKey | null;
  publicKey: CryptoKey;
  /** What the JWKS endpoint shows. */
  publicJwk: Record<string, unknown>;
}

const Usage = { kid: z.string(), key_ops: z.array(z.string()).default([]) };

const Jwk = z.discriminatedUnion("kty", [
  z.object({
    ...Usage,
    kty: z.literal("EC"),
    alg: z.literal("ES256").default("ES256"),
    crv: z.literal("P-256"),
    x: z.string(),
    y: z.string(),
    d: z.string().optional(),
  }),
  z.looseObject({
    ...Usage,
    kty: z.literal("RSA"),
    alg: z.literal("RS256").default("RS256"),
    n: z.string(),
    e: z.string(),
    d: z.string().optional(),
  }),
]);
type Jwk = z.infer<typeof Jwk>;

/**
 * The key that `supabase start` signs every local project's tokens with; it is public knowledge,
 * as the local JWT secret is.
 */
const localKey: Jwk = {
  kty: "EC",
  kid: "b81269f1-21d8-4f2e-b719-c2240a840d90",
  alg: "ES256",
  key_ops: ["sign", "verify"],
  crv: "P-256",
  x: "M5Sjqn5zwC9Kl1zVfUUGvv9boQjCGd45G8sdopBExB4",
  y: "P6IXMvA2WYXSHSOMTBH2jsw_9rrzGy89FjPf6oOsIxQ",
  d: "dIhR8wywJlqlua4y_yMq2SLhlFXDZJBCvFrY1DCHyVU",
};

const publicPart = (jwk: Jwk) => ({
  kid: jwk.kid,
  alg: jwk.alg,
  use: "sig",
  key_ops: ["verify"],
  ext: true,
  ...(jwk.kty === "EC"
    ? { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }
    : { kty: jwk.kty, n: jwk.n, e: jwk.e }),
});

const imported = async (jwk: Record<string, unknown>, alg: string): Promise<CryptoKey> => {
  const key = await importJWK(jwk, alg);
  if (key instanceof Uint8Array) throw new Error("A signing key must be asymmetric.");
  return key;
};

const keyFrom = async (jwk: Jwk): Promise<SigningKey> => {
  const publicJwk = publicPart(jwk);
  const { key_ops: _, ...material } = jwk;
  return {
    kid: jwk.kid,
    alg: jwk.alg,
    privateKey: jwk.d ? await imported({ ...material, ext: false }, jwk.alg) : null,
    publicKey: await imported(publicJwk, jwk.alg),
    publicJwk,
  };
};

/** The key that signs when config.toml names no file. */
export const localSigningKeys = async (): Promise<SigningKey[]> => [await keyFrom(localKey)];

/** Reads a file as `supabase gen signing-key` writes it: a JSON array, the first key signs. */
export const readSigningKeys = async (path: string): Promise<SigningKey[]> => {
  try {
    const keys = z
      .array(Jwk)
      .min(1)
      .parse(JSON.parse(await readFile(path, "utf8")));
    return await Promise.all(keys.map(keyFrom));
  } catch (cause) {
    throw new ConfigProblem(
      `auth.signing_keys_path: ${path} holds no signing keys; make some with supabase gen signing-key.`,
      { cause },
    );
  }
};
