import { randomUUID } from "node:crypto";
import { isDatabaseError } from "../../database/database.ts";
import { audit } from "../audit.ts";
import { AuthError } from "../auth-error.ts";
import { confirmEmail } from "../confirming.ts";
import type { Work } from "../context.ts";
import { askBeforeUserCreated } from "../hooks.ts";
import { sendConfirmation } from "../letters.ts";
import { insertIdentity, insertUser, mergeMetadata, refreshProviders } from "../user-changes.ts";
import {
  type Account,
  findById,
  findHolder,
  instance,
  isBanned,
  isEmailConfirmed,
  readAccount,
} from "../users.ts";
import { findIdentity } from "./identities.ts";
import type { Profile } from "./profile.ts";

/**
 * Runs a transaction again when another request made the same account or identity meanwhile: now
 * there is somebody to find. Both can happen to one sign-in, the account first.
 */
export const settling = <T>(run: () => Promise<T>, patience = 2): Promise<T> =>
  run().catch((error: unknown) => {
    const cause = error instanceof AuthError ? error.cause : null;
    const isMadeMeanwhile = isDatabaseError(cause) && cause.code === "23505";
    if (isMadeMeanwhile && patience > 0) return settling(run, patience - 1);
    throw error;
  });

const proven = (work: Work, verified: boolean) =>
  verified || !work.settings.email.enable_confirmations;

const addIdentity = (work: Work, userId: string, { provider, subject, data }: Profile) =>
  insertIdentity(work, { userId, provider, providerId: subject, data });

/** Users who have one of the profile's proven addresses, as theirs or as an identity's. */
const holdersOf = async (work: Work, profile: Profile): Promise<string[]> => {
  const addresses = profile.emails
    .filter(({ verified }) => proven(work, verified))
    .map(({ address }) => address);
  const { rows } = await work.query<{ id: string }>(
    `with wanted as (select jsonb_array_elements_text($1::jsonb) as email),
     by_identity as (
       select i.user_id as id from auth.identities i
       where i.email in (select w.email from wanted w) and i.provider not like 'sso:%'
     )
     select b.id from by_identity b
     union
     select u.id from auth.users u
     where u.instance_id = '${instance}' and not u.is_sso_user
       and u.email in (select w.email from wanted w)
       and not exists (select from by_identity)`,
    [JSON.stringify(addresses)],
  );
  return rows.map(({ id }) => id);
};

const createAccount = async (work: Work, profile: Profile): Promise<string> => {
  if (!work.settings.enable_signup) {
    throw new AuthError(422, "signup_disabled", "Signups not allowed for this instance");
  }
  const { address, verified } = profile.email;
  // An unproven address that somebody has says nothing about who this is.
  const isTaken = !proven(work, verified) && (await findHolder(work, address)) !== null;
  const email = isTaken ? "" : address;
  const id = randomUUID();
  const appMetadata = { provider: profile.provider, providers: [profile.provider] };
  await askBeforeUserCreated(work, {
    id,
    aud: "authenticated",
    role: "",
    email,
    phone: "",
    app_metadata: appMetadata,
    user_metadata: profile.data,
    identities: [],
    is_anonymous: false,
  });
  await insertUser(work, {
    id,
    email: email || null,
    passwordHash: "",
    userMetadata: profile.data,
    appMetadata,
  });
  await addIdentity(work, id, profile);
  return id;
};

/** The user behind a profile: known, of the same proven address, or new. */
const settleUser = async (work: Work, profile: Profile): Promise<string> => {
  const known = await findIdentity(work, profile);
  if (known) {
    await work.query(
      `update auth.identities set
         identity_data = $2::jsonb, last_sign_in_at = now(), updated_at = now()
       where id = $1::uuid`,
      [known.id, JSON.stringify(profile.data)],
    );
  }
  const [holder, ...others] = known ? [known.userId] : await holdersOf(work, profile);
  if (!holder) return createAccount(work, profile);
  if (others.length > 0) {
    throw new AuthError(
      500,
      "unexpected_failure",
      "Multiple accounts with the same email address in the same linking domain detected: default",
    );
  }
  if (!known) await addIdentity(work, holder, profile);
  await mergeMetadata(work, holder, "raw_user_meta_data", profile.data);
  await refreshProviders(work, holder);
  return holder;
};

/**
 * Nobody proved that this account is theirs until now, so whoever began it may have meant to wait
 * for its owner: their password, identities and words about the user go.
 */
const dropUnproven = async (work: Work, userId: string, profile: Profile): Promise<void> => {
  await work.query(
    `update auth.users set encrypted_password = null, raw_user_meta_data = $2::jsonb
     where id = $1::uuid`,
    [userId, JSON.stringify(profile.data)],
  );
  await work.query(
    `delete from auth.identities i
     where i.user_id = $1::uuid and (i.provider, i.provider_id) is distinct from ($2, $3)`,
    [userId, profile.provider, profile.subject],
  );
  await refreshProviders(work, userId);
};

const unproven = ({ provider }: Profile, isMailed: boolean) =>
  new AuthError(
    422,
    "provider_email_needs_verification",
    `Unverified email with ${provider}. ${
      isMailed
        ? `A confirmation email has been sent to your ${provider} email`
        : `Verify the email with ${provider} in order to sign in`
    }`,
  );

/**
 * The account of somebody whom a provider vouches for. A refusal that is returned has left its
 * traces: an account that waits for its confirmation mail to be followed.
 */
export const accountFor = async (work: Work, profile: Profile): Promise<Account | AuthError> => {
  const userId = await settleUser(work, profile);
  const account = await readAccount(work, userId);
  if (isBanned(account)) throw new AuthError(403, "user_banned", "User is banned");
  const traits = { provider: profile.provider };
  if (isEmailConfirmed(account)) {
    await audit(work, account, "login", traits);
    return account;
  }
  await dropUnproven(work, userId, profile);
  if (proven(work, profile.email.verified)) {
    await audit(work, account, "user_signedup", traits);
    await confirmEmail(work, userId);
    return readAccount(work, userId);
  }
  const isMailed = Boolean(account.user.email);
  if (isMailed) await sendConfirmation(work, account, false);
  return unproven(profile, isMailed);
};

/** The account that an invitation opened, taken over by its owner's identity. */
export const acceptInvitation = async (
  work: Work,
  account: Account,
  profile: Profile,
): Promise<Account> => {
  const { id, email } = account.user;
  if (!profile.emails.some(({ address }) => address === email)) {
    throw new AuthError(
      400,
      "validation_failed",
      "Invited email does not match emails from external provider",
    );
  }
  await addIdentity(work, id, profile);
  await audit(work, account, "invite_accepted", { provider: profile.provider });
  await dropUnproven(work, id, profile);
  await confirmEmail(work, id);
  return readAccount(work, id);
};

/** Adds a profile to the account of somebody who is signed in; a guest becomes a permanent user. */
export const linkTo = async (
  work: Work,
  userId: string,
  profile: Profile,
): Promise<Account | AuthError> => {
  const target = await findById(work, userId);
  if (!target) throw new AuthError(422, "user_not_found", "Linking target user not found");
  const { user } = target.account;
  const known = await findIdentity(work, profile);
  if (known) {
    const whose = known.userId === userId ? "" : " to another user";
    throw new AuthError(422, "identity_already_exists", `Identity is already linked${whose}`);
  }
  await addIdentity(work, userId, profile);
  if (!user.email) {
    const { address, verified } = profile.email;
    if (await findHolder(work, address, userId)) {
      throw new AuthError(
        400,
        "email_exists",
        "A user with this email address has already been registered",
      );
    }
    await work.query("update auth.users set email = $2 where id = $1::uuid", [userId, address]);
    if (!verified) {
      await sendConfirmation(work, await readAccount(work, userId), false);
      const { provider } = profile;
      return new AuthError(
        422,
        "email_not_confirmed",
        `Unverified email with ${provider}. A confirmation email has been sent to your ${provider} email`,
      );
    }
    await confirmEmail(work, userId);
    await work.query("update auth.users set is_anonymous = false where id = $1::uuid", [userId]);
  }
  await refreshProviders(work, userId);
  return readAccount(work, userId);
};
