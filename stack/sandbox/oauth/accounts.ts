import { createHash } from "node:crypto";

/** Somebody who has an account with the provider. */
export interface Account {
  /** Lower case. */
  email: string;
  name: string;
  /** Whether the provider has seen that the address is theirs. */
  isVerified: boolean;
}

const offered: readonly Account[] = [
  { email: "uma@example.com", name: "Uma Unseen", isVerified: false },
  { email: "bo@example.com", name: "Bo Diddley", isVerified: true },
  { email: "ada@example.com", name: "Ada Lovelace", isVerified: true },
];

/** How many typed accounts the page goes on to offer. */
const remembered = 20;

/** The accounts that a provider's page offers: those typed last, then a few to begin with. */
export const createAccounts = () => {
  const accounts = new Map(offered.map((account) => [account.email, account]));
  return {
    all: (): Account[] => [...accounts.values()].reverse(),
    find: (email: string): Account | undefined => accounts.get(email.toLowerCase()),
    remember: (account: Account): void => {
      accounts.delete(account.email);
      accounts.set(account.email, account);
      const [oldest] = accounts.keys();
      if (accounts.size > remembered && oldest !== undefined) accounts.delete(oldest);
    },
  };
};

export type Accounts = ReturnType<typeof createAccounts>;

const digest = (provider: string, email: string) =>
  createHash("sha256").update(`${provider}:${email}`).digest();

/**
 * Google's `sub`: 21 digits. Made from the address, so that an account is the same person after
 * a restart of the sandbox, while the database remembers the identity.
 */
export const googleSubject = ({ email }: Account): string =>
  `1${(digest("google", email).readBigUInt64BE() % 10n ** 20n).toString().padStart(20, "0")}`;

/** GitHub's numeric user id; made from the address as Google's is. */
export const githubId = ({ email }: Account): number => digest("github", email).readUInt32BE();

/** GitHub's user name: letters, digits and single hyphens. */
export const githubLogin = ({ email }: Account): string =>
  (email.split("@")[0] ?? "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 39) || "user";
