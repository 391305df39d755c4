import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError } from "../auth-error.ts";
import type { SignedIn } from "../caller.ts";
import { setPasswordHash, takeNewEmail } from "../confirming.ts";
import type { Work } from "../context.ts";
import { emailAddress } from "../email-address.ts";
import { beginFlow, type Challenge, checkChallenge, usesPkce } from "../flow-state.ts";
import { sendEmailChange } from "../letters.ts";
import { hashOf } from "../one-time-tokens.ts";
import { checkPassword, hashPassword, isPassword } from "../passwords.ts";
import { Data, Text, userRoute } from "../router.ts";
import type { AuthSettings } from "../settings.ts";
import { mergeMetadata } from "../user-changes.ts";
import { userJson } from "../user-json.ts";
import { type Account, findHolder, hasVerifiedFactor, readAccount } from "../users.ts";

const Body = z.looseObject({
  email: Text,
  phone: Text,
  password: z.string().nullish(),
  current_password: Text,
  nonce: Text,
  data: Data,
  app_metadata: Data,
  code_challenge: Text,
  code_challenge_method: Text,
});
type Body = z.infer<typeof Body>;

export const getUser = userRoute({ method: "GET", path: "/user" }, async (_auth, { caller }) =>
  Response.json(userJson(caller.account)),
);

export const updateUser = userRoute(
  { method: "PUT", path: "/user", body: Body, limit: ({ limits }) => limits.userChanges },
  async (auth, call) => {
    const { body, caller } = call;
    const { user } = caller.account;
    const change = checked(auth.settings, body, caller);
    const newEmail = change.email !== user.email ? change.email : null;
    if (newEmail && (await findHolder(auth.database, newEmail, user.id))) throw emailTaken();
    if (body.password && needsReauthentication(auth.settings, caller)) {
      checkNonce(auth.settings, caller.account, body.nonce);
    }
    if (body.password) await checkCurrentPassword(auth.settings, caller, body.current_password);
    const newPassword = body.password ? await hashNew(body.password, caller.account) : null;

    const account = await auth.transaction(
      call,
      async (work) => {
        if (newPassword) await changePassword(work, caller, newPassword);
        if (body.data) await mergeMetadata(work, user.id, "raw_user_meta_data", body.data);
        if (newEmail) await changeEmail(work, user.id, newEmail, body);
        await audit(work, caller.account, "user_modified");
        return readAccount(work, user.id);
      },
      "Error updating user",
    );
    return Response.json(userJson(account));
  },
);

export const emailTaken = () =>
  new AuthError(422, "email_exists", "A user with this email address has already been registered");

/** What the body asks for, once it is sure that this caller may ask for it. */
const checked = (
  settings: AuthSettings,
  body: Body,
  { account, session }: SignedIn,
): { email: string | null } => {
  const { user } = account;
  const email = body.email === "" ? null : emailAddress(body.email);
  if (body.phone !== "") {
    throw new AuthError(400, "phone_provider_disabled", "Phone changes are not supported");
  }
  if (typeof body.password === "string") checkPassword(settings, body.password);
  checkChallenge(body);
  if (body.app_metadata) {
    throw new AuthError(403, "not_admin", "Updating app_metadata requires admin privileges");
  }
  const sensitive = Boolean(body.password) || (email !== null && email !== user.email);
  if (sensitive && hasVerifiedFactor(account) && session?.aal !== "aal2") {
    throw new AuthError(
      401,
      "insufficient_aal",
      "AAL2 session is required to update email or password when MFA is enabled.",
    );
  }
  if (user.is_anonymous && body.password && email === null) {
    throw new AuthError(
      422,
      "validation_failed",
      "Updating password of an anonymous user without an email or phone is not allowed",
    );
  }
  if (user.is_sso_user && (sensitive || body.nonce !== "")) {
    throw new AuthError(
      422,
      "user_sso_managed",
      "Updating email, phone, password of a SSO account only possible via SSO",
    );
  }
  return { email };
};

/** What `amr` has of sessions that a mail opened: who is in one may have forgotten the password. */
const mailed = new Set(["otp", "magiclink", "recovery"]);

/** Throws, if config.toml asks for the old password, for another; those without one need none. */
const checkCurrentPassword = async (
  { email }: AuthSettings,
  { account: { user }, session }: SignedIn,
  current: string,
): Promise<void> => {
  if (!email.require_current_password || !user.encrypted_password) return;
  if (session?.amr.some(({ method }) => mailed.has(method))) return;
  const refused = (code: string) =>
    new AuthError(400, code, "Current password required when setting new password.");
  if (current === "") throw refused("current_password_required");
  if (!(await isPassword(current, user.encrypted_password))) {
    throw refused("current_password_invalid");
  }
};

/** Hashes a password that is not the one the user has already. */
const hashNew = async (password: string, { user }: Account): Promise<string> => {
  if (await isPassword(password, user.encrypted_password)) {
    throw new AuthError(
      422,
      "same_password",
      "New password should be different from the old password.",
    );
  }
  return hashPassword(password);
};

const dayMs = 24 * 3_600_000;

/** Whether the session is too old to change a password without a code from the mailbox. */
const needsReauthentication = (settings: AuthSettings, { session }: SignedIn): boolean =>
  settings.email.secure_password_change &&
  (!session || Date.now() > Date.parse(session.created_at) + dayMs);

const changePassword = async (work: Work, caller: SignedIn, hash: string): Promise<void> => {
  await setPasswordHash(work, caller.account.user.id, hash, caller.session?.id ?? null);
  await audit(work, caller.account, "user_updated_password");
};

/** Throws for a wrong code from the mailbox; the change of the password uses a right one up. */
const checkNonce = (settings: AuthSettings, { user }: Account, nonce: string): void => {
  if (nonce === "") {
    throw new AuthError(
      400,
      "reauthentication_needed",
      "Password update requires reauthentication",
    );
  }
  const sentAt = user.reauthentication_sent_at;
  const expired = !sentAt || Date.now() > Date.parse(sentAt) + settings.email.otp_expiry * 1000;
  if (expired || user.reauthentication_token !== hashOf(user.email ?? "", nonce)) {
    throw new AuthError(422, "reauthentication_not_valid", "Nonce has expired or is invalid");
  }
};

const changeEmail = async (
  work: Work,
  userId: string,
  email: string,
  challenge: Challenge,
): Promise<void> => {
  const account = await readAccount(work, userId);
  // A guest's first address is like a sign-up; everybody else proves a change by mail.
  if (account.user.is_anonymous && !work.settings.email.enable_confirmations) {
    return takeNewEmail(work, account, email);
  }
  if (usesPkce(challenge)) {
    await beginFlow(work, { userId, provider: "email_change", method: "email_change", challenge });
  }
  await sendEmailChange(work, account, email, usesPkce(challenge));
};
