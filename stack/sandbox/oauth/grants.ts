import { randomBytes } from "node:crypto";
import type { Account } from "./accounts.ts";
import type { Challenge } from "./pkce.ts";

/** What a person allowed an application. */
export interface Grant {
  clientId: string;
  redirectUri: string;
  account: Account;
  scopes: readonly string[];
  nonce: string | null;
  challenge: Challenge | null;
  /** Whether a refresh token was asked for. */
  isOffline: boolean;
}

interface Code {
  grant: Grant;
  expiresAt: number;
  isSpent: boolean;
  /** Tokens that came of it, which a second use takes back. */
  tokens: string[];
}

const codeLife = 10 * 60_000;
/** More than any afternoon needs; the oldest go first. */
const limit = 5_000;

const keep = <T>(map: Map<string, T>, key: string, value: T): void => {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
};

const secret = (bytes: number) => randomBytes(bytes).toString("base64url");

/** Codes and tokens of one provider, in memory. */
export const createGrants = () => {
  const codes = new Map<string, Code>();
  const tokens = new Map<string, { grant: Grant; expiresAt: number }>();

  return {
    /** A code that buys one token within ten minutes. */
    issueCode: (grant: Grant, prefix: string): string => {
      const code = `${prefix}${secret(24)}`;
      keep(codes, code, { grant, expiresAt: Date.now() + codeLife, isSpent: false, tokens: [] });
      return code;
    },

    /**
     * Spends a code, whatever becomes of the request that shows it; null when it is unknown, too
     * old or spent before. A second use also ends the tokens of the first (RFC 6749, 10.5).
     */
    spend: (code: string): Grant | null => {
      const found = codes.get(code);
      if (!found) return null;
      if (found.isSpent) {
        for (const token of found.tokens) tokens.delete(token);
        return null;
      }
      found.isSpent = true;
      return found.expiresAt > Date.now() ? found.grant : null;
    },

    /** A token for the grant; `code` is what it was bought with, `life` in seconds. */
    issueToken: (
      grant: Grant,
      { prefix, life, code }: { prefix: string; life: number; code?: string },
    ): string => {
      const token = `${prefix}${secret(30)}`;
      keep(tokens, token, { grant, expiresAt: Date.now() + life * 1000 });
      if (code !== undefined) codes.get(code)?.tokens.push(token);
      return token;
    },

    grantOf: (token: string): Grant | null => {
      const found = tokens.get(token);
      return found && found.expiresAt > Date.now() ? found.grant : null;
    },

    revoke: (token: string): boolean => tokens.delete(token),
  };
};

export type Grants = ReturnType<typeof createGrants>;
