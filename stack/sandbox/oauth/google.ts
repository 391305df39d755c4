import { createHash } from "node:crypto";
import { Hono } from "hono";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Account, createAccounts, googleSubject } from "./accounts.ts";
import { type Client, credentialsOf } from "./client.ts";
import { type AuthorizationRequest, answerRefusal, serveConsent } from "./consent.ts";
import { createGrants, type Grant } from "./grants.ts";
import { meets, readChallenge } from "./pkce.ts";
import { PageRefusal, RedirectRefusal, TokenRefusal } from "./refusals.ts";

const tokenLife = 3599;
const refreshLife = 180 * 86_400;
const keyId = "sandbox";

const userinfoScope = (name: string) => `https://www.googleapis.com/auth/userinfo.${name}`;

const allows = ({ scopes }: Grant, name: "email" | "profile") =>
  scopes.includes(name) || scopes.includes(userinfoScope(name));

/** The standard claims about a person, as far as the scopes reach. */
const profileOf = (grant: Grant, picture: string) => {
  const { account } = grant;
  const [given = "", ...family] = account.name.split(" ");
  return {
    sub: googleSubject(account),
    ...(allows(grant, "email") && { email: account.email, email_verified: account.isVerified }),
    ...(allows(grant, "profile") && {
      name: account.name,
      picture,
      given_name: given,
      ...(family.length > 0 && { family_name: family.join(" ") }),
    }),
  };
};

/** Left half of the hash, as OpenID Connect Core 3.1.3.6 has it. */
const accessTokenHash = (token: string) =>
  createHash("sha256").update(token).digest().subarray(0, 16).toString("base64url");

const bearerOf = (request: Request) =>
  /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];

export interface GoogleOptions {
  /** Where everything stands; the `iss` of ID tokens. */
  issuer: string;
  client: Client;
  /** Where an account's picture is. */
  avatarOf(account: Account): string;
}

/**
 * Google's OpenID Connect provider under `issuer`: discovery, the account page, tokens with an
 * ID token signed RS256, its public keys, and the person's profile.
 */
export const createGoogle = ({ issuer, client, avatarOf }: GoogleOptions) => {
  const app = new Hono().basePath(new URL(issuer).pathname);
  const accounts = createAccounts();
  const grants = createGrants();
  // Made on first use: most runs never see a sign-in.
  let made: ReturnType<typeof generateKeyPair> | undefined;
  const keys = () => {
    made ??= generateKeyPair("RS256");
    return made;
  };

  const read = (query: URLSearchParams): AuthorizationRequest => {
    if (query.get("client_id") !== client.id) {
      throw new PageRefusal(
        401,
        "Access blocked",
        "Error 401: invalid_client. The OAuth client was not found.",
      );
    }
    const redirectUri = query.get("redirect_uri") ?? "";
    if (!client.redirectUris.includes(redirectUri)) {
      throw new PageRefusal(
        400,
        "Access blocked",
        `Error 400: redirect_uri_mismatch. "${redirectUri}" is not among the client's redirect URIs.`,
      );
    }
    const state = query.get("state");
    const refuse = (code: string, message: string) =>
      new RedirectRefusal(redirectUri, state, code, message);
    if (query.get("response_type") !== "code") {
      throw refuse("unsupported_response_type", "Only response_type=code is served.");
    }
    const scopes = (query.get("scope") ?? "").split(" ").filter(Boolean);
    if (scopes.length === 0) throw refuse("invalid_request", "Missing required parameter: scope");
    const challenge = readChallenge(query, ["plain", "S256"]);
    if (typeof challenge === "string") throw refuse("invalid_request", challenge);
    return {
      client,
      redirectUri,
      state,
      scopes,
      nonce: query.get("nonce"),
      challenge,
      isOffline: query.get("access_type") === "offline",
      loginHint: query.get("login_hint"),
    };
  };

  const signIdToken = async (grant: Grant, accessToken: string): Promise<string> => {
    const { privateKey } = await keys();
    return new SignJWT({
      azp: client.id,
      ...profileOf(grant, avatarOf(grant.account)),
      at_hash: accessTokenHash(accessToken),
      ...(grant.nonce !== null && { nonce: grant.nonce }),
    })
      .setProtectedHeader({ alg: "RS256", kid: keyId, typ: "JWT" })
      .setIssuer(issuer)
      .setAudience(client.id)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
  };

  const tokensFor = async (grant: Grant, code?: string) => {
    const accessToken = grants.issueToken(grant, {
      prefix: "ya29.",
      life: tokenLife,
      ...(code !== undefined && { code }),
    });
    return {
      access_token: accessToken,
      expires_in: tokenLife,
      scope: grant.scopes.join(" "),
      token_type: "Bearer",
      id_token: await signIdToken(grant, accessToken),
    };
  };

  const exchangeCode = async (form: URLSearchParams) => {
    const code = form.get("code") ?? "";
    const grant = grants.spend(code);
    if (!grant) throw new TokenRefusal("invalid_grant", "Malformed auth code.");
    if (form.get("redirect_uri") !== grant.redirectUri) {
      throw new TokenRefusal("redirect_uri_mismatch", "Bad Request");
    }
    if (!meets(grant.challenge, form.get("code_verifier"))) {
      throw new TokenRefusal("invalid_grant", "Invalid code verifier.");
    }
    return {
      ...(await tokensFor(grant, code)),
      ...(grant.isOffline && {
        refresh_token: grants.issueToken(grant, { prefix: "1//0", life: refreshLife, code }),
      }),
    };
  };

  const refresh = (form: URLSearchParams) => {
    const token = form.get("refresh_token") ?? "";
    const grant = token.startsWith("1//0") ? grants.grantOf(token) : null;
    if (!grant) throw new TokenRefusal("invalid_grant", "Token has been expired or revoked.");
    return tokensFor(grant);
  };

  app.onError((error, c) => {
    if (!(error instanceof TokenRefusal)) return answerRefusal(error);
    return c.json({ error: error.code, error_description: error.message }, error.status);
  });

  app.get("/.well-known/openid-configuration", (c) =>
    c.json({
      issuer,
      authorization_endpoint: `${issuer}/o/oauth2/v2/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/v1/userinfo`,
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/oauth2/v3/certs`,
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      scopes_supported: ["openid", "email", "profile"],
      token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
      claims_supported: [
        "aud",
        "email",
        "email_verified",
        "exp",
        "family_name",
        "given_name",
        "iat",
        "iss",
        "name",
        "picture",
        "sub",
      ],
      code_challenge_methods_supported: ["plain", "S256"],
      grant_types_supported: ["authorization_code", "refresh_token"],
    }),
  );

  app.get("/oauth2/v3/certs", async (c) => {
    const { publicKey } = await keys();
    const jwk = await exportJWK(publicKey);
    return c.json({ keys: [{ ...jwk, kid: keyId, use: "sig", alg: "RS256" }] });
  });

  serveConsent(app, "/o/oauth2/v2/auth", {
    provider: "Google",
    accounts,
    grants,
    codePrefix: "4/0A",
    read,
    denial: "The user denied access.",
  });

  app.post("/token", async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const { id, secret } = credentialsOf(c.req.raw, form);
    if (id !== client.id || secret !== client.secret) {
      throw new TokenRefusal("invalid_client", "The provided client secret is invalid.", 401);
    }
    c.header("cache-control", "no-store");
    switch (form.get("grant_type")) {
      case "authorization_code":
        return c.json(await exchangeCode(form));
      case "refresh_token":
        return c.json(await refresh(form));
      default:
        throw new TokenRefusal(
          "unsupported_grant_type",
          `Invalid grant_type: ${form.get("grant_type") ?? ""}`,
        );
    }
  });

  app.get("/v1/userinfo", (c) => {
    const grant = grants.grantOf(bearerOf(c.req.raw) ?? "");
    if (!grant) {
      return c.json({ error: "invalid_request", error_description: "Invalid Credentials" }, 401);
    }
    return c.json(profileOf(grant, avatarOf(grant.account)));
  });

  app.post("/revoke", async (c) => {
    const token =
      new URLSearchParams(await c.req.text()).get("token") ?? c.req.query("token") ?? "";
    if (grants.revoke(token)) return c.json({});
    throw new TokenRefusal("invalid_token", "Token expired or revoked");
  });

  return { fetch: async (request: Request): Promise<Response> => app.fetch(request) };
};
