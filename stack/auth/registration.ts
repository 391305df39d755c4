import { randomUUID } from "node:crypto";
import { isDatabaseError } from "../database/database.ts";
import { audit } from "./audit.ts";
import { databaseFailure } from "./auth-error.ts";
import { confirmEmail, emailIdentityData } from "./confirming.ts";
import type { Work } from "./context.ts";
import { beginFlow, type Challenge, usesPkce } from "./flow-state.ts";
import { askBeforeUserCreated } from "./hooks.ts";
import { sendConfirmation } from "./letters.ts";
import {
  insertIdentity,
  insertUser,
  type Metadata,
  mergeMetadata,
  refreshProviders,
} from "./user-changes.ts";
import { type Account, readAccount } from "./users.ts";

export interface NewAccount {
  /** In lower case. */
  email: string;
  /** Empty for an account that signs in by mail alone. */
  passwordHash: string;
  data: Metadata;
}

/** Somebody else took the address while this request was under way. */
export class AddressTaken extends Error {
  override name = "AddressTaken";
}

/** A user with an `email` identity, nothing confirmed; throws `AddressTaken`. */
export const createAccount = async (work: Work, wish: NewAccount): Promise<Account> => {
  const id = randomUUID();
  const appMetadata = { provider: "email", providers: ["email"] };
  await askBeforeUserCreated(work, {
    id,
    aud: "authenticated",
    role: "",
    email: wish.email,
    phone: "",
    app_metadata: appMetadata,
    user_metadata: wish.data,
    identities: [],
    is_anonymous: false,
  });
  await insertUser(work, {
    id,
    email: wish.email,
    passwordHash: wish.passwordHash,
    userMetadata: wish.data,
    appMetadata,
  }).catch((error: unknown) => {
    if (!isDatabaseError(error)) throw error;
    // The address was free a moment ago; a trigger's own violation names another table.
    if (error.code === "23505" && error.message.includes("users_email_partial_key")) {
      throw new AddressTaken();
    }
    throw databaseFailure("Database error saving new user", error);
  });
  await addEmailIdentity(work, id, wish);
  return readAccount(work, id);
};

/** The identity, and what it says in the user's metadata too: nobody is confirmed yet. */
const addEmailIdentity = async (work: Work, userId: string, { email, data }: NewAccount) => {
  const identityData = { ...data, ...emailIdentityData(userId, email) };
  await insertIdentity(work, { userId, provider: "email", providerId: userId, data: identityData });
  await mergeMetadata(work, userId, "raw_user_meta_data", identityData);
};

/** An account that a provider opened but nobody confirmed starts anew with the address alone. */
const replaceIdentities = async (work: Work, userId: string, wish: NewAccount) => {
  await work.query("delete from auth.identities i where i.user_id = $1::uuid", [userId]);
  await addEmailIdentity(work, userId, wish);
  await refreshProviders(work, userId);
};

/**
 * Opens an account, or goes on with one that was never confirmed, whose password stays. With
 * confirmations on its owner gets a mail; off, the account is open at once.
 */
export const register = async (
  work: Work,
  unconfirmed: Account | null,
  wish: NewAccount,
  challenge: Challenge,
): Promise<Account> => {
  const account = unconfirmed ?? (await createAccount(work, wish));
  const { id } = account.user;
  if (!account.identities.some(({ provider }) => provider === "email")) {
    await replaceIdentities(work, id, wish);
  }
  const traits = { provider: "email" };
  if (work.settings.email.enable_confirmations) {
    await audit(work, account, "user_confirmation_requested", traits);
    if (usesPkce(challenge)) {
      await beginFlow(work, { userId: id, provider: "email", method: "email/signup", challenge });
    }
    await sendConfirmation(work, account, usesPkce(challenge));
  } else {
    await audit(work, account, "user_signedup", traits);
    await confirmEmail(work, id);
  }
  return readAccount(work, id);
};

/** What a repeated sign-up is told where addresses must not be probed: a user that does not exist. */
export const inventedUser = (email: string, data: Metadata) => {
  const now = new Date().toISOString();
  return {
    id: randomUUID(),
    aud: "authenticated",
    role: "",
    email,
    phone: "",
    confirmation_sent_at: now,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: data,
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
};
