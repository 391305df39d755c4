import type { Work } from "./context.ts";
import { forgetTokens } from "./one-time-tokens.ts";
import { endSessions } from "./sessions.ts";
import {
  changeIdentityData,
  changeUser,
  insertIdentity,
  type Metadata,
  mergeMetadata,
} from "./user-changes.ts";
import type { Account } from "./users.ts";

const now = () => new Date().toISOString();

/** What GoTrue notes in an `email` identity. */
export const emailIdentityData = (userId: string, email: string, verified = false): Metadata => ({
  sub: userId,
  email,
  email_verified: verified,
  phone_verified: false,
});

/** The address counts as proven: the account is open. */
export const confirmEmail = async (work: Work, userId: string): Promise<void> => {
  await changeUser(work, userId, { confirmation_token: "", email_confirmed_at: now() });
  await mergeMetadata(work, userId, "raw_user_meta_data", { email_verified: true });
  await forgetTokens(work, userId);
};

/** The new address takes the old one's place; a guest becomes a permanent user. */
export const takeNewEmail = async (
  work: Work,
  { user, identities }: Account,
  email: string,
): Promise<void> => {
  const identity = identities.find(({ provider }) => provider === "email");
  if (identity) {
    await changeIdentityData(work, identity.id, { email, email_verified: true });
  } else {
    await insertIdentity(work, {
      userId: user.id,
      provider: "email",
      providerId: user.id,
      data: emailIdentityData(user.id, email, true),
    });
  }
  await changeUser(work, user.id, {
    email,
    email_change: "",
    email_change_token_current: "",
    email_change_token_new: "",
    email_change_confirm_status: 0,
    ...(user.is_anonymous && { is_anonymous: false }),
  });
  await forgetTokens(work, user.id);
  if (!user.email_confirmed_at) await confirmEmail(work, user.id);
};

/** What a user has asked for by mail and not yet followed is void. */
const nothingSent = {
  confirmation_token: "",
  confirmation_sent_at: null,
  recovery_token: "",
  recovery_sent_at: null,
  email_change_token_current: "",
  email_change_token_new: "",
  email_change_sent_at: null,
  phone_change_sent_at: null,
  reauthentication_token: "",
  reauthentication_sent_at: null,
} as const;

/** Voids all that mails on their way could do, changes of address included. */
export const dropPending = async (work: Work, userId: string): Promise<void> => {
  await changeUser(work, userId, {
    ...nothingSent,
    email_change: "",
    email_change_confirm_status: 0,
    phone_change: "",
  });
  await forgetTokens(work, userId);
};

/**
 * Sets a password's hash. Whoever knew the old one may have asked for links or signed in, so those
 * are void, and every session but `sessionId` ends.
 */
export const setPasswordHash = async (
  work: Work,
  userId: string,
  hash: string | null,
  sessionId: string | null,
): Promise<void> => {
  await changeUser(work, userId, {
    encrypted_password: hash,
    ...nothingSent,
  });
  await forgetTokens(work, userId);
  await endSessions(work, userId, sessionId);
};
