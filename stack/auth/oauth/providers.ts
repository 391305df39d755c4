import { oauthSandboxClients } from "../../sandbox/oauth/sandbox.ts";
import type { AuthSettings } from "../settings.ts";
import { createGithub } from "./github.ts";
import { createGoogle, type Google } from "./google.ts";
import type { Provider, ProviderSettings } from "./provider.ts";

/** The providers that this project signs in with; absent: not enabled. */
export interface Providers {
  google?: Google;
  github?: Provider;
}

/** Every provider that GoTrue knows by name; those that are not served here are never enabled. */
export const knownProviders = [
  "apple",
  "azure",
  "bitbucket",
  "discord",
  "facebook",
  "figma",
  "fly",
  "github",
  "gitlab",
  "google",
  "kakao",
  "keycloak",
  "linkedin",
  "linkedin_oidc",
  "notion",
  "slack",
  "slack_oidc",
  "snapchat",
  "spotify",
  "twitch",
  "twitter",
  "workos",
  "x",
  "zoom",
] as const;

export const isKnownProvider = (name: string): boolean =>
  knownProviders.some((known) => known === name);

/** The providers that are served here. */
export const isProviderName = (name: string): name is keyof Providers =>
  name === "google" || name === "github";

export interface ProviderPorts {
  settings: AuthSettings;
  /** Where clients reach the API, without a path. */
  apiUrl: string;
  /** Where the sandbox stands that takes the place of providers without a secret. */
  sandboxUrl: string;
}

/** Settings of an enabled provider; null when it is off. */
const settingsOf = (
  name: keyof Providers,
  { settings, apiUrl, sandboxUrl }: ProviderPorts,
): ProviderSettings | null => {
  const external = settings.external[name];
  if (!external?.enabled) return null;
  const redirectUri = external.redirect_uri || `${apiUrl}/auth/v1/callback`;
  const skipNonceCheck = external.skip_nonce_check;
  if (external.secret === "") {
    const { id, secret } = oauthSandboxClients[name];
    const url = `${sandboxUrl}/oauth/${name}`;
    return { clientIds: [id], secret, url, redirectUri, skipNonceCheck };
  }
  const clientIds = external.client_id.split(",").map((id) => id.trim());
  return { clientIds, secret: external.secret, url: external.url, redirectUri, skipNonceCheck };
};

/** The providers of `[auth.external]`; without a secret, the sandbox's. */
export const createProviders = (ports: ProviderPorts): Providers => {
  const google = settingsOf("google", ports);
  const github = settingsOf("github", ports);
  return {
    ...(google && { google: createGoogle(google) }),
    ...(github && { github: createGithub(github) }),
  };
};
