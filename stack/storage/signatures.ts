import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { invalidJwt, invalidRequest, invalidSignature } from "./errors.ts";
import type { Place } from "./objects.ts";

const Payload = z.object({
  /** `bucket/key`, not encoded. */
  url: z.string(),
  exp: z.number(),
  /** `width:100,resize:cover`, for an image in one shape only. */
  transformations: z.string().optional(),
  owner: z.string().optional(),
  upsert: z.boolean().optional(),
  scope: z.string().optional(),
});

/** What an address is for; one for reading takes no uploads, and the other way round. */
export type Scope = "download" | "upload";

/** Older tokens name no scope; those for uploads say `upsert`. */
const scopeOf = ({ scope, upsert }: SignedAddress): string =>
  scope ?? (upsert === undefined ? "download" : "upload");

export type SignedAddress = z.infer<typeof Payload>;

export interface Signatures {
  /** A token that opens one place for some seconds. It names no role, so it is no access token. */
  sign(
    place: Place,
    scope: Scope,
    seconds: number,
    more?: Pick<SignedAddress, "transformations" | "owner" | "upsert">,
  ): Promise<string>;
  /** What the token allows; throws `StorageError` unless it was signed here for this. */
  verify(token: string | null, place: Place, scope: Scope): Promise<SignedAddress>;
}

/** Signs with the project's JWT secret, as Supabase Storage does. */
export const createSignatures = (jwtSecret: string): Signatures => {
  const secret = new TextEncoder().encode(jwtSecret);
  const addressOf = ({ bucket, key }: Place) => `${bucket}/${key}`;

  return {
    sign: (place, scope, seconds, more) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ ...more, url: addressOf(place), scope })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setIssuedAt(now)
        .setExpirationTime(now + seconds)
        .sign(secret);
    },
    verify: async (token, place, scope) => {
      if (!token) throw invalidRequest("querystring must have required property 'token'");
      const verified = await jwtVerify(token, secret, { algorithms: ["HS256"] }).catch(
        (error: unknown) => {
          throw error instanceof errors.JOSEError ? invalidJwt(error.message) : error;
        },
      );
      const payload = Payload.safeParse(verified.payload);
      if (!payload.success) throw invalidSignature();
      if (scopeOf(payload.data) !== scope) {
        throw invalidSignature(`Token is not scoped for ${scope}`);
      }
      if (payload.data.url !== addressOf(place)) throw invalidSignature();
      return payload.data;
    },
  };
};
