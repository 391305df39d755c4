import { randomBytes } from "node:crypto";
import { audit } from "./audit.ts";
import { AuthError, invalid } from "./auth-error.ts";
import { confirmEmail, takeNewEmail } from "./confirming.ts";
import type { Work } from "./context.ts";
import { findByToken, forgetTokens, type TokenKind } from "./one-time-tokens.ts";
import { changeIdentityData, changeUser } from "./user-changes.ts";
import { type Account, isBanned, isEmailConfirmed, readAccount } from "./users.ts";

/** What a client says it holds. */
export interface Verification {
  /** `signup`, `invite`, `recovery`, `magiclink`, `email_change` or `email`. */
  type: string;
  /** The hashes that the secret may be kept under. */
  hashes: readonly string[];
  /** What to answer when there is no such secret, or no longer. */
  message: string;
}

/** A secret that was found, and whose. */
export interface Pending {
  account: Account;
  kind: TokenKind;
}

const kindsOf = new Map<string, readonly TokenKind[]>([
  ["signup", ["confirmation_token"]],
  ["invite", ["confirmation_token"]],
  ["recovery", ["recovery_token"]],
  ["magiclink", ["recovery_token"]],
  ["email", ["confirmation_token", "recovery_token"]],
  ["email_change", ["email_change_token_current", "email_change_token_new"]],
]);

export const isVerificationType = (type: string): boolean => kindsOf.has(type);

const sentAt = ({ user }: Account, kind: TokenKind): string | null => {
  switch (kind) {
    case "confirmation_token":
      return user.confirmation_sent_at;
    case "recovery_token":
      return user.recovery_sent_at;
    case "reauthentication_token":
      return user.reauthentication_sent_at;
    case "email_change_token_new":
    case "email_change_token_current":
      return user.email_change_sent_at;
  }
};

/** Whose secret it is; throws for one that is unknown, expired or a banned user's. */
export const findPending = async (work: Work, verification: Verification): Promise<Pending> => {
  const kinds = kindsOf.get(verification.type);
  if (!kinds) throw invalid("Invalid email verification type");
  const found = await findByToken(work, verification.hashes, kinds);
  const kind = kinds.find((candidate) => candidate === found?.kind);
  const expired = () => new AuthError(403, "otp_expired", verification.message);
  if (!found || !kind) throw expired();
  if (isBanned(found.account)) throw new AuthError(403, "user_banned", "User is banned");
  const sent = sentAt(found.account, kind);
  const lifetimeMs = work.settings.email.otp_expiry * 1000;
  if (!sent || Date.now() > Date.parse(sent) + lifetimeMs) throw expired();
  return { account: found.account, kind };
};

/** What the first of two mails about a new address answers. */
export const singleConfirmation =
  "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/** Does what the secret stands for; false when a second mail has to be followed as well. */
export const confirm = async (work: Work, { account, kind }: Pending): Promise<boolean> => {
  switch (kind) {
    case "confirmation_token":
      await confirmSignUp(work, account);
      return true;
    case "recovery_token":
      await confirmSignIn(work, account);
      return true;
    case "email_change_token_new":
    case "email_change_token_current":
      return confirmEmailChange(work, account, kind);
    case "reauthentication_token":
      throw invalid("Unsupported verification type");
  }
};

const confirmSignUp = async (work: Work, account: Account): Promise<void> => {
  const { user, identities } = account;
  if (user.invited_at && !user.encrypted_password) {
    // A hash that no password has: who was invited sets one when they are in.
    const unknown = `!${randomBytes(32).toString("base64url")}`;
    await changeUser(work, user.id, { encrypted_password: unknown });
  }
  await audit(work, account, "user_signedup", { provider: "email" });
  await confirmEmail(work, user.id);
  for (const identity of identities) {
    if (identity.email !== null && identity.email === user.email) {
      await changeIdentityData(work, identity.id, { email_verified: true });
    }
  }
};

const confirmSignIn = async (work: Work, account: Account): Promise<void> => {
  const { id } = account.user;
  await changeUser(work, id, { recovery_token: "" });
  await forgetTokens(work, id);
  if (isEmailConfirmed(account)) return audit(work, account, "login");
  await audit(work, account, "user_signedup", { provider: "email" });
  await confirmEmail(work, id);
};

const confirmEmailChange = async (
  work: Work,
  account: Account,
  kind: "email_change_token_new" | "email_change_token_current",
): Promise<boolean> => {
  const { user } = account;
  const { double_confirm_changes, enable_confirmations } = work.settings.email;
  const needsBoth = enable_confirmations && double_confirm_changes && Boolean(user.email);
  if (needsBoth && user.email_change_confirm_status === 0) {
    await changeUser(work, user.id, { email_change_confirm_status: 1, [kind]: "" });
    await forgetTokens(work, user.id, kind);
    return false;
  }
  await audit(work, account, "user_modified");
  await takeNewEmail(work, await readAccount(work, user.id), user.email_change ?? "");
  return true;
};
