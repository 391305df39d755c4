import { randomBytes, randomUUID } from "node:crypto";
import { audit } from "../audit.ts";
import { invalid } from "../auth-error.ts";
import { confirmEmail, emailIdentityData } from "../confirming.ts";
import type { AuthContext, Work } from "../context.ts";
import { checkPassword, hashPassword } from "../passwords.ts";
import { adminRoute } from "../router.ts";
import { changeUser, insertIdentity, insertUser, mergeMetadata } from "../user-changes.ts";
import { userJson } from "../user-json.ts";
import { type Account, findHolder, readAccount } from "../users.ts";
import { confirmPhone, isPhoneTaken, phoneIdentityData } from "./phone-users.ts";
import {
  type CheckedParams,
  checkedParams,
  emailExists,
  phoneExists,
  UserParams,
  wishedId,
} from "./user-params.ts";

const isBcrypt = (hash: string) => /^\$2[aby]\$\d\d\$[./\w]{53}$/.test(hash);

/** Without a password nobody can guess one. */
const passwordHashOf = async (
  { settings }: AuthContext,
  { password, password_hash }: UserParams,
): Promise<string> => {
  if (password && password_hash) {
    throw invalid("Only a password or a password hash should be provided");
  }
  if (password_hash) {
    if (isBcrypt(password_hash)) return password_hash;
    throw invalid("The local stack takes bcrypt hashes only");
  }
  if (password) checkPassword(settings, password);
  return hashPassword(password || randomBytes(48).toString("base64"));
};

const checkFree = async ({ database }: AuthContext, { email, phone }: CheckedParams) => {
  if (email && (await findHolder(database, email))) throw emailExists();
  if (phone && (await isPhoneTaken(database, phone))) throw phoneExists();
};

const create = async (
  work: Work,
  params: CheckedParams,
  { id, passwordHash }: { id: string; passwordHash: string },
): Promise<Account> => {
  const { email, phone } = params;
  const providers = [...(email ? ["email"] : []), ...(phone ? ["phone"] : [])];
  await insertUser(work, {
    id,
    email: email || null,
    phone: phone || null,
    passwordHash,
    userMetadata: params.user_metadata ?? {},
    appMetadata: { provider: providers[0], providers },
  });
  if (email) {
    const data = emailIdentityData(id, email);
    await insertIdentity(work, { userId: id, provider: "email", providerId: id, data });
  }
  if (phone) {
    const data = phoneIdentityData(id, phone);
    await insertIdentity(work, { userId: id, provider: "phone", providerId: id, data });
  }
  await audit(work, "service_role", "user_signedup", {
    user_id: id,
    user_email: email,
    user_phone: phone,
  });
  if (params.app_metadata) await mergeMetadata(work, id, "raw_app_meta_data", params.app_metadata);
  if (params.email_confirm) await confirmEmail(work, id);
  if (params.phone_confirm) await confirmPhone(work, id);
  await changeUser(work, id, {
    ...(params.aud && { aud: params.aud }),
    ...(params.role && { role: params.role }),
    ...("bannedUntil" in params && { banned_until: params.bannedUntil ?? null }),
  });
  return readAccount(work, id);
};

/** A user as the shop's staff make it: confirmed, banned or with metadata from the first. */
export const createUser = adminRoute(
  { method: "POST", path: "/admin/users", body: UserParams },
  async (auth, call) => {
    const params = checkedParams(call.body);
    if (params.email === "" && params.phone === "") {
      throw invalid("Cannot create a user without either an email or phone");
    }
    await checkFree(auth, params);
    const id = wishedId(call.body) ?? randomUUID();
    const passwordHash = await passwordHashOf(auth, call.body);
    const account = await auth.transaction(
      call,
      (work) => create(work, params, { id, passwordHash }),
      "Database error creating new user",
    );
    return Response.json(userJson(account));
  },
);
