import type { Profile } from "./profile.ts";

/** What `[auth.external.<name>]` settles for a provider that is on. */
export interface ProviderSettings {
  /** The first is Auth's own; ID tokens may be for any. */
  clientIds: readonly string[];
  secret: string;
  /** Where the provider sends browsers back to. */
  redirectUri: string;
  /** The site that speaks the provider's protocol; empty: the provider's own. */
  url: string;
  skipNonceCheck: boolean;
}

/** What a provider gives for an authorization code. */
export interface ProviderTokens {
  accessToken: string;
  /** Empty when the provider gives none. */
  refreshToken: string;
  idToken: string;
}

/** A site where people sign in and are sent back from. */
export interface Provider {
  name: string;
  settings: ProviderSettings;
  /** Where a browser begins; `scopes` beyond the usual, `extra` parameters as the client wants them. */
  authorizationUrl(ask: {
    state: string;
    scopes: readonly string[];
    extra: URLSearchParams;
  }): Promise<string>;
  /** Exchanges the code that came back; throws `ProviderFailure`. */
  exchange(code: string): Promise<ProviderTokens>;
  /** Who signed in; throws `ProviderFailure` or `ProfileIncomplete`. */
  profile(tokens: ProviderTokens): Promise<Profile>;
}

/** A provider that did not answer, or not as its protocol has it. */
export class ProviderFailure extends Error {
  override name = "ProviderFailure";
}

/** Adds what the client wants to say to the provider; what Auth says itself stands. */
export const withParameters = (
  address: string,
  own: Readonly<Record<string, string>>,
  extra: URLSearchParams,
): string => {
  const url = new URL(address);
  for (const [name, value] of [...extra, ...Object.entries(own)]) url.searchParams.set(name, value);
  return url.toString();
};
