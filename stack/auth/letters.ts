import { AuthError } from "./auth-error.ts";
import type { Work } from "./context.ts";
import type { Letter } from "./mails.ts";
import { keepToken, newSecret, type Secret } from "./one-time-tokens.ts";
import { redirectTarget } from "./redirects.ts";
import { changeUser } from "./user-changes.ts";
import type { Account } from "./users.ts";

/** Throws when the last mail of this kind was sent less than `max_frequency` ago. */
const checkFrequency = ({ settings }: Work, sentAt: string | null, now = Date.now()): void => {
  if (!sentAt) return;
  const wait = Date.parse(sentAt) + settings.email.max_frequency * 1000 - now;
  if (wait <= 0) return;
  const left = Math.floor(wait / 1000);
  throw new AuthError(
    429,
    "over_email_send_rate_limit",
    `For security purposes, you can only request this after ${left} seconds.`,
    { retryAfter: left + 1 },
  );
};

const secretFor = ({ settings }: Work, address: string, pkce: boolean): Secret =>
  newSecret(address, { length: settings.email.otp_length, pkce });

const letterTo = (
  { call, settings }: Work,
  { user }: Account,
  letter: Pick<Letter, "kind" | "to" | "secret"> & Partial<Letter>,
): Letter => ({
  redirectTo: redirectTarget(settings, call),
  email: user.email ?? "",
  newEmail: user.email_change ?? "",
  data: user.raw_user_meta_data ?? {},
  ...letter,
});

const now = () => new Date().toISOString();

/** Mails the link that confirms a new account's address. */
export const sendConfirmation = async (
  work: Work,
  account: Account,
  pkce: boolean,
): Promise<void> => {
  const { user } = account;
  checkFrequency(work, user.confirmation_sent_at);
  const address = user.email ?? "";
  const secret = secretFor(work, address, pkce);
  work.mail(letterTo(work, account, { kind: "confirmation", to: address, secret }));
  await changeUser(work, user.id, {
    confirmation_token: secret.hash,
    confirmation_sent_at: now(),
  });
  await keepToken(work, user.id, "confirmation_token", secret, address);
};

/** Mails an invitation; following it opens the account. */
export const sendInvitation = async (work: Work, account: Account): Promise<void> => {
  const { user } = account;
  const address = user.email ?? "";
  const secret = secretFor(work, address, false);
  work.mail(letterTo(work, account, { kind: "invite", to: address, secret }));
  const sent = now();
  await changeUser(work, user.id, {
    confirmation_token: secret.hash,
    confirmation_sent_at: sent,
    invited_at: sent,
  });
  await keepToken(work, user.id, "confirmation_token", secret, address);
};

/** Mails a link that signs in: to set a new password, or just so. */
export const sendSignInLink = async (
  work: Work,
  account: Account,
  kind: "recovery" | "magic_link",
  pkce: boolean,
): Promise<void> => {
  const { user } = account;
  // Both share one secret and one clock, so that neither gets around the other's limit.
  checkFrequency(work, user.recovery_sent_at);
  const address = user.email ?? "";
  const secret = secretFor(work, address, pkce);
  work.mail(letterTo(work, account, { kind, to: address, secret }));
  await changeUser(work, user.id, { recovery_token: secret.hash, recovery_sent_at: now() });
  await keepToken(work, user.id, "recovery_token", secret, address);
};

/** Mails the code that proves that it is still the same person at the keyboard. */
export const sendReauthentication = async (work: Work, account: Account): Promise<void> => {
  const { user } = account;
  checkFrequency(work, user.reauthentication_sent_at);
  const address = user.email ?? "";
  const secret = secretFor(work, address, false);
  work.mail(letterTo(work, account, { kind: "reauthentication", to: address, secret }));
  await changeUser(work, user.id, {
    reauthentication_token: secret.hash,
    reauthentication_sent_at: now(),
  });
  await keepToken(work, user.id, "reauthentication_token", secret, address);
};

/** Mails the new address, and the old one too where `double_confirm_changes` asks for both. */
export const sendEmailChange = async (
  work: Work,
  account: Account,
  newEmail: string,
  pkce: boolean,
): Promise<void> => {
  const { user } = account;
  const { settings } = work;
  checkFrequency(work, user.email_change_sent_at);
  const toNew = secretFor(work, newEmail, pkce);
  const current = (settings.email.double_confirm_changes && user.email) || null;
  const toCurrent = current ? secretFor(work, current, pkce) : null;
  const letter = (to: string, secret: Secret) =>
    letterTo(work, account, { kind: "email_change", newEmail, to, secret });
  work.mail(letter(newEmail, toNew), ...(current && toCurrent ? [letter(current, toCurrent)] : []));

  await changeUser(work, user.id, {
    email_change: newEmail,
    email_change_token_new: toNew.hash,
    ...(toCurrent && { email_change_token_current: toCurrent.hash }),
    email_change_sent_at: now(),
    email_change_confirm_status: 0,
  });
  await keepToken(work, user.id, "email_change_token_new", toNew, newEmail);
  if (current && toCurrent) {
    await keepToken(work, user.id, "email_change_token_current", toCurrent, current);
  }
};
