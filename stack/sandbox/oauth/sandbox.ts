import type { Account } from "./accounts.ts";
import { avatarAt, avatarPath } from "./avatar.ts";
import type { Client } from "./client.ts";
import { createGithub } from "./github.ts";
import { createGoogle } from "./google.ts";

/** The applications that the sandbox knows. No secrets: they open nothing but the sandbox. */
export const oauthSandboxClients = {
  google: { id: "sandbox.apps.googleusercontent.com", secret: "GOCSPX-sandbox" },
  github: { id: "Ov23sandbox", secret: "sandbox" },
} as const;

export interface OAuthSandboxOptions {
  /** Where browsers reach this server; the providers stand under `/oauth/google` and `/oauth/github`. */
  publicUrl: string;
  /** Where the providers may send browsers back to: Auth's `/auth/v1/callback`. */
  redirectUris: readonly string[];
}

export interface OAuthSandbox {
  /** Serves `/oauth/*`. */
  fetch(request: Request): Promise<Response>;
}

/** A local Google and GitHub for sign-in: their real wire protocols, with accounts that one types. */
export const createOAuthSandbox = ({
  publicUrl,
  redirectUris,
}: OAuthSandboxOptions): OAuthSandbox => {
  const clientOf = (registered: Pick<Client, "id" | "secret">): Client => ({
    ...registered,
    redirectUris,
  });
  const avatarOf = (account: Account) => `${publicUrl}/oauth${avatarPath(account)}`;
  const google = createGoogle({
    avatarOf,
    issuer: `${publicUrl}/oauth/google`,
    client: clientOf(oauthSandboxClients.google),
  });
  const github = createGithub({
    avatarOf,
    site: `${publicUrl}/oauth/github`,
    client: clientOf(oauthSandboxClients.github),
  });
  return {
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      const [, , provider] = pathname.split("/");
      if (provider === "google") return google.fetch(request);
      if (provider === "github") return github.fetch(request);
      const avatar = avatarAt(pathname.replace(/^\/oauth/, ""));
      return avatar ?? new Response("There is no such provider.\n", { status: 404 });
    },
  };
};
