import { createHash } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { z } from "zod";
import { askProvider } from "./ask.ts";
import { type Profile, profileOf } from "./profile.ts";
import {
  type Provider,
  ProviderFailure,
  type ProviderSettings,
  withParameters,
} from "./provider.ts";

export const googleIssuer = "https://accounts.google.com";

const Discovery = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
});

const Tokens = z.looseObject({
  access_token: z.string(),
  refresh_token: z.string().default(""),
  id_token: z.string().default(""),
});

const IdToken = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  nonce: z.string().optional(),
  at_hash: z.string().optional(),
  email: z.string().default(""),
  email_verified: z.boolean().default(false),
  name: z.string().optional(),
  picture: z.string().optional(),
  hd: z.string().optional(),
});
/** The claims of an ID token whose signature, issuer and time were checked. */
export type IdToken = z.infer<typeof IdToken>;

/** An ID token that must not be believed. */
export class BadIdToken extends Error {
  override name = "BadIdToken";
}

export interface Google extends Provider {
  issuer: string;
  /** Throws `BadIdToken`; whom it is for and its nonce are the caller's to check. */
  verifyIdToken(token: string): Promise<IdToken>;
  profileOfIdToken(token: IdToken): Profile;
}

export const audiencesOf = ({ aud }: IdToken): readonly string[] => [aud].flat();

/** Whether the ID token came with this access token (OpenID Connect Core, 3.1.3.6). */
export const isIssuedWith = ({ at_hash }: IdToken, accessToken: string): boolean =>
  at_hash === undefined ||
  at_hash ===
    createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url");

/** Google, or another OpenID Connect provider that stands at `settings.url`. */
export const createGoogle = (settings: ProviderSettings): Google => {
  const issuer = settings.url || googleIssuer;
  const [clientId = ""] = settings.clientIds;
  let found: Promise<Found> | undefined;

  /** The provider's own description of itself, asked for once. */
  const discover = (): Promise<Found> => {
    found ??= askProvider(Discovery, `${issuer}/.well-known/openid-configuration`).then(
      (endpoints) => ({ endpoints, keys: createRemoteJWKSet(new URL(endpoints.jwks_uri)) }),
    );
    found.catch(() => {
      found = undefined;
    });
    return found;
  };

  const verifyIdToken: Google["verifyIdToken"] = async (token) => {
    const { endpoints, keys } = await discover();
    const { payload } = await jwtVerify(token, keys, {
      issuer: endpoints.issuer,
      algorithms: ["RS256"],
      requiredClaims: ["exp"],
    }).catch((error: unknown): never => {
      throw error instanceof errors.JOSEError
        ? new BadIdToken(error.message, { cause: error })
        : new ProviderFailure("The provider's keys could not be read", { cause: error });
    });
    return claimsOf(payload);
  };

  const profileOfIdToken: Google["profileOfIdToken"] = (token) => {
    const { email, email_verified, name, picture, hd } = token;
    const emails = email ? [{ address: email, verified: email_verified, primary: true }] : [];
    return profileOf("google", token.sub, emails, {
      iss: token.iss,
      name,
      picture,
      full_name: name,
      avatar_url: picture,
      ...(hd && { custom_claims: { hd } }),
    });
  };

  return {
    name: "google",
    settings,
    issuer,
    verifyIdToken,
    profileOfIdToken,
    authorizationUrl: async ({ state, scopes, extra }) => {
      const { endpoints } = await discover();
      const own = {
        client_id: clientId,
        redirect_uri: settings.redirectUri,
        response_type: "code",
        scope: ["email", "profile", ...scopes].join(" "),
        state,
      };
      return withParameters(endpoints.authorization_endpoint, own, extra);
    },
    exchange: async (code) => {
      const { endpoints } = await discover();
      const tokens = await askProvider(Tokens, endpoints.token_endpoint, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          code,
          redirect_uri: settings.redirectUri,
          client_id: clientId,
          client_secret: settings.secret,
        }),
      });
      return {
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token,
        idToken: tokens.id_token,
      };
    },
    profile: async ({ idToken, accessToken }) => {
      const token = await verifyIdToken(idToken);
      if (!audiencesOf(token).includes(clientId) || !isIssuedWith(token, accessToken)) {
        throw new BadIdToken("The ID token was issued for somebody else");
      }
      return profileOfIdToken(token);
    },
  };
};

interface Found {
  endpoints: z.infer<typeof Discovery>;
  keys: ReturnType<typeof createRemoteJWKSet>;
}

const claimsOf = (payload: JWTPayload): IdToken => {
  const claims = IdToken.safeParse(payload);
  if (claims.success) return claims.data;
  throw new BadIdToken("The ID token lacks claims", { cause: claims.error });
};
