import { Hono } from "hono";
import { type Account, createAccounts, githubId, githubLogin } from "./accounts.ts";
import { type Client, credentialsOf } from "./client.ts";
import { type AuthorizationRequest, answerRefusal, serveConsent } from "./consent.ts";
import { createGrants, type Grant } from "./grants.ts";
import { meets, readChallenge } from "./pkce.ts";
import { PageRefusal, RedirectRefusal, TokenRefusal } from "./refusals.ts";

/** GitHub's tokens of OAuth apps end when they are revoked; a year is for ever here. */
const tokenLife = 365 * 86_400;

const docs = "https://docs.github.com/rest";

const userOf = ({ account }: Grant, { site, avatarOf }: GithubOptions) => {
  const login = githubLogin(account);
  const id = githubId(account);
  return {
    login,
    id,
    node_id: Buffer.from(`04:User${id}`).toString("base64"),
    avatar_url: avatarOf(account),
    html_url: `${site}/${login}`,
    type: "User",
    site_admin: false,
    name: account.name,
    // Only what a person made public stands here; addresses come from /user/emails.
    email: null,
  };
};

export interface GithubOptions {
  /** Where everything stands, the API under `/api/v3`. */
  site: string;
  client: Client;
  /** Where an account's picture is. */
  avatarOf(account: Account): string;
}

const mayReadEmails = ({ scopes }: Grant) =>
  scopes.includes("user") || scopes.includes("user:email");

/**
 * GitHub's OAuth web flow and the two API calls that sign-in needs. As on GitHub Enterprise, the API
 * stands under `/api/v3` of the same site; token requests that fail answer 200 with an `error`.
 */
export const createGithub = (options: GithubOptions) => {
  const { site, client } = options;
  const app = new Hono().basePath(new URL(site).pathname);
  const accounts = createAccounts();
  const grants = createGrants();

  const read = (query: URLSearchParams): AuthorizationRequest => {
    const [registered = ""] = client.redirectUris;
    if (query.get("client_id") !== client.id) {
      throw new PageRefusal(
        404,
        "Page not found",
        "There is no OAuth application with this client_id.",
      );
    }
    const state = query.get("state");
    const redirectUri = query.get("redirect_uri") ?? registered;
    if (!client.redirectUris.includes(redirectUri)) {
      throw new RedirectRefusal(
        registered,
        state,
        "redirect_uri_mismatch",
        "The redirect_uri is not associated with this application.",
      );
    }
    const challenge = readChallenge(query, ["S256"]);
    if (typeof challenge === "string") {
      throw new RedirectRefusal(redirectUri, state, "invalid_request", challenge);
    }
    return {
      client,
      redirectUri,
      state,
      scopes: (query.get("scope") ?? "").split(/[\s,]+/).filter(Boolean),
      nonce: null,
      challenge,
      isOffline: false,
      loginHint: query.get("login"),
    };
  };

  const exchangeCode = (request: Request, form: URLSearchParams) => {
    const { id, secret } = credentialsOf(request, form);
    if (id !== client.id || secret !== client.secret) {
      throw new TokenRefusal(
        "incorrect_client_credentials",
        "The client_id and/or client_secret passed are incorrect.",
      );
    }
    const code = form.get("code") ?? "";
    const grant = grants.spend(code);
    if (!grant || !meets(grant.challenge, form.get("code_verifier"))) {
      throw new TokenRefusal("bad_verification_code", "The code passed is incorrect or expired.");
    }
    if ((form.get("redirect_uri") ?? grant.redirectUri) !== grant.redirectUri) {
      throw new TokenRefusal(
        "redirect_uri_mismatch",
        "The redirect_uri MUST match the registered callback URL for this application.",
      );
    }
    return {
      access_token: grants.issueToken(grant, { prefix: "gho_", life: tokenLife, code }),
      scope: grant.scopes.join(","),
      token_type: "bearer",
    };
  };

  app.onError(answerRefusal);

  serveConsent(app, "/login/oauth/authorize", {
    provider: "GitHub",
    accounts,
    grants,
    codePrefix: "",
    read,
    denial: "The user has denied your application access.",
  });

  app.post("/login/oauth/access_token", async (c) => {
    const form = new URLSearchParams(await c.req.text());
    let answer: Record<string, string>;
    try {
      answer = exchangeCode(c.req.raw, form);
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      answer = { error: error.code, error_description: error.message };
    }
    if (c.req.header("accept")?.includes("application/json")) return c.json(answer);
    return c.body(new URLSearchParams(answer).toString(), 200, {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    });
  });

  const grantOf = (request: Request): Grant | null => {
    const [, token = ""] =
      /^(?:Bearer|token)\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    return grants.grantOf(token);
  };
  const badCredentials = () =>
    Response.json(
      { message: "Bad credentials", documentation_url: docs, status: "401" },
      { status: 401 },
    );

  app.get("/api/v3/user", (c) => {
    const grant = grantOf(c.req.raw);
    if (!grant) return badCredentials();
    c.header("x-oauth-scopes", grant.scopes.join(", "));
    return c.json(userOf(grant, options));
  });

  app.get("/api/v3/user/emails", (c) => {
    const grant = grantOf(c.req.raw);
    if (!grant) return badCredentials();
    if (!mayReadEmails(grant)) {
      return c.json({ message: "Not Found", documentation_url: docs, status: "404" }, 404);
    }
    const { email, isVerified } = grant.account;
    return c.json([{ email, primary: true, verified: isVerified, visibility: null }]);
  });

  return { fetch: async (request: Request): Promise<Response> => app.fetch(request) };
};
