import type { Hono } from "hono";
import { z } from "zod";
import { messagePage, page, seeOther } from "../page.ts";
import type { Account, Accounts } from "./accounts.ts";
import type { Client } from "./client.ts";
import { consentPage } from "./consent-page.ts";
import type { Grants } from "./grants.ts";
import type { Challenge } from "./pkce.ts";
import { PageRefusal, RedirectRefusal } from "./refusals.ts";

/** What an application asks a person for, once its query has been checked. */
export interface AuthorizationRequest {
  client: Client;
  redirectUri: string;
  state: string | null;
  scopes: readonly string[];
  nonce: string | null;
  challenge: Challenge | null;
  isOffline: boolean;
  /** Address to fill in. */
  loginHint: string | null;
}

export interface ConsentPorts {
  /** Name of the provider, as people know it. */
  provider: string;
  accounts: Accounts;
  grants: Grants;
  codePrefix: string;
  /** Checks the query; throws `PageRefusal` or `RedirectRefusal`. */
  read(query: URLSearchParams): AuthorizationRequest;
  /** What the application is told when the person says no. */
  denial: string;
}

const Answer = z.object({
  /** An account of the list … */
  account: z.string().optional(),
  /** … or one that was typed. */
  email: z.string().trim().toLowerCase().max(254).default(""),
  name: z.string().trim().max(200).default(""),
  verified: z.string().optional(),
  deny: z.string().optional(),
});

const Email = z.email();

const redirectTo = (uri: string, answer: Record<string, string | null>): Response => {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(answer)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return seeOther(url.href);
};

/** The refusals of an authorization request as answers; anything else is thrown on. */
export const answerRefusal = (error: unknown): Response | Promise<Response> => {
  if (error instanceof PageRefusal) {
    return page(messagePage(error.title, error.message, null, ""), error.status);
  }
  if (error instanceof RedirectRefusal) {
    return redirectTo(error.redirectUri, {
      error: error.code,
      error_description: error.message,
      state: error.state,
    });
  }
  throw error;
};

const chosen = (accounts: Accounts, sent: z.infer<typeof Answer>): Account | null => {
  if (sent.account !== undefined) return accounts.find(sent.account) ?? null;
  if (!Email.safeParse(sent.email).success) return null;
  const account = {
    email: sent.email,
    name: sent.name || (sent.email.split("@")[0] ?? ""),
    isVerified: sent.verified === "true",
  };
  accounts.remember(account);
  return account;
};

/**
 * Serves the page on which a person picks an account or says no. It is a plain form, so a test
 * completes a sign-in by posting `email`, `name` and `verified=true`, or `deny=1`, to the same address.
 */
export const serveConsent = (app: Hono, path: string, ports: ConsentPorts): void => {
  const { provider, accounts, grants } = ports;

  const show = (
    asked: AuthorizationRequest,
    filled: { email: string; name: string },
    error?: string,
  ) =>
    page(
      consentPage({
        provider,
        client: asked.client.id,
        scopes: asked.scopes,
        accounts: accounts.all(),
        filled,
        error,
      }),
      error === undefined ? 200 : 400,
    );

  app.get(path, (c) => {
    const asked = ports.read(new URL(c.req.url).searchParams);
    return show(asked, { email: asked.loginHint ?? "", name: "" });
  });

  app.post(path, async (c) => {
    const asked = ports.read(new URL(c.req.url).searchParams);
    const sent = Answer.parse(Object.fromEntries(new URLSearchParams(await c.req.text())));
    if (sent.deny !== undefined) {
      throw new RedirectRefusal(asked.redirectUri, asked.state, "access_denied", ports.denial);
    }
    const account = chosen(accounts, sent);
    if (!account) return show(asked, sent, "Enter a whole e-mail address.");
    const { client, redirectUri, scopes, nonce, challenge, isOffline } = asked;
    const code = grants.issueCode(
      { clientId: client.id, redirectUri, account, scopes, nonce, challenge, isOffline },
      ports.codePrefix,
    );
    return redirectTo(redirectUri, { code, state: asked.state });
  });
};
