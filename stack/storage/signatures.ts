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
});

export type SignedAddress = z.infer<typeof Payload>;

export interface Signatures {
  /** A token that opens one place for some seconds. It names no role, so it is no access token. */
  sign(
    place: Place,
    seconds: number,
    more?: Pick<SignedAddress, "transformations" | "owner" | "upsert">,
  ): Promise<string>;
  /** What the token allows; throws `StorageError` unless it was signed here for this place. */
  verify(token: string | null, place: Place): Promise<SignedAddress>;
}

/** Signs with the project's JWT secret, as Supabase Storage does. */
export const createSignatures = (jwtSecret: string): Signatures => {
  const secret = new TextEncoder().encode(jwtSecret);
  const addressOf = ({ bucket, key }: Place) => `${bucket}/${key}`;

  return {
    sign: (place, seconds, more) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ url: addressOf(place), ...more })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setIssuedAt(now)
        .setExpirationTime(now + seconds)
        .sign(secret);
    },
    verify: async (token, place) => {
      if (!token) throw invalidRequest("querystring must have required property 'token'");
      const verified = await jwtVerify(token, secret, { algorithms: ["HS256"] }).catch(
        (error: unknown) => {
          throw error instanceof errors.JOSEError ? invalidJwt(error.message) : error;
        },
      );
      const payload = Payload.safeParse(verified.payload);
      if (!payload.success || payload.data.url !== addressOf(place)) throw invalidSignature();
      return payload.data;
    },
  };
};
