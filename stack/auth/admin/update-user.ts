import { audit } from "../audit.ts";
import { confirmEmail, dropPending, emailIdentityData, setPasswordHash } from "../confirming.ts";
import type { Work } from "../context.ts";
import { checkPassword, hashPassword } from "../passwords.ts";
import { adminRoute } from "../router.ts";
import {
  changeIdentityData,
  changeUser,
  insertIdentity,
  type Metadata,
  mergeMetadata,
} from "../user-changes.ts";
import { userJson } from "../user-json.ts";
import { type Account, readAccount } from "../users.ts";
import { accountOf, traitsOf } from "./path.ts";
import { confirmPhone, phoneIdentityData } from "./phone-users.ts";
import { type CheckedParams, checkedParams, UserParams } from "./user-params.ts";

/** Writes what an own identity says, adding it where there is none. */
const keepIdentity = async (
  work: Work,
  { user, identities }: Account,
  provider: "email" | "phone",
  data: Metadata,
): Promise<void> => {
  const identity = identities.find((one) => one.provider === provider);
  if (identity) await changeIdentityData(work, identity.id, data);
  else await insertIdentity(work, { userId: user.id, provider, providerId: user.id, data });
};

const update = async (
  work: Work,
  account: Account,
  params: CheckedParams,
  passwordHash: string | null,
): Promise<Account> => {
  const { id, is_anonymous } = account.user;
  const { email, phone } = params;
  if (params.email_confirm) await confirmEmail(work, id);
  if (params.phone_confirm) await confirmPhone(work, id);
  if (passwordHash !== null) await setPasswordHash(work, id, passwordHash, null);
  if (email) {
    const data = emailIdentityData(id, email, params.email_confirm);
    await keepIdentity(work, account, "email", data);
  }
  if (phone) {
    const data = phoneIdentityData(id, phone, params.phone_confirm);
    await keepIdentity(work, account, "phone", data);
  }
  const isProven = (email && params.email_confirm) || (phone && params.phone_confirm);
  await changeUser(work, id, {
    ...(params.role && { role: params.role }),
    ...(email && { email }),
    ...(phone && { phone }),
    ...(is_anonymous && isProven && { is_anonymous: false }),
    ...("bannedUntil" in params && { banned_until: params.bannedUntil ?? null }),
  });
  // Links that went to the old address prove nothing any more.
  if (email || phone) await dropPending(work, id);
  if (params.app_metadata) await mergeMetadata(work, id, "raw_app_meta_data", params.app_metadata);
  if (params.user_metadata) {
    await mergeMetadata(work, id, "raw_user_meta_data", params.user_metadata);
  }
  const updated = await readAccount(work, id);
  await audit(work, "service_role", "user_modified", traitsOf(updated));
  return updated;
};

/**
 * Changes a user; a new password ends all of their sessions. An address or number that somebody
 * has is a 500, as GoTrue leaves that to the database.
 */
export const updateUser = adminRoute(
  { method: "PUT", path: "/admin/users/:user_id", body: UserParams },
  async (auth, call) => {
    const account = await accountOf(auth, call);
    const params = checkedParams(call.body);
    const { password } = call.body;
    if (typeof password === "string") checkPassword(auth.settings, password);
    const passwordHash = typeof password === "string" ? await hashPassword(password) : null;
    const updated = await auth.transaction(
      call,
      (work) => update(work, account, params, passwordHash),
      "Error updating user",
    );
    return Response.json(userJson(updated));
  },
);
