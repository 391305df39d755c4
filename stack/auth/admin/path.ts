import { z } from "zod";
import { AuthError } from "../auth-error.ts";
import type { AuthContext } from "../context.ts";
import type { Call } from "../router.ts";
import { type Account, type Factor, findById } from "../users.ts";

const Uuid = z.uuid();

const notFound = (code: string, message: string) => new AuthError(404, code, message);

/** The user that the path names. */
export const accountOf = async ({ database }: AuthContext, { params }: Call): Promise<Account> => {
  const id = Uuid.safeParse(params.user_id);
  if (!id.success) throw notFound("validation_failed", "user_id must be an UUID");
  const found = await findById(database, id.data);
  if (!found) throw notFound("user_not_found", "User not found");
  return found.account;
};

/** The factor of that user that the path names. */
export const factorOf = ({ factors }: Account, { params }: Call): Factor => {
  const id = Uuid.safeParse(params.factor_id);
  if (!id.success) throw notFound("validation_failed", "factor_id must be an UUID");
  const factor = factors.find((one) => one.id === id.data);
  if (!factor) throw notFound("mfa_factor_not_found", "Factor not found");
  return factor;
};

/** What the audit log keeps of the user that something was done to. */
export const traitsOf = ({ user }: Pick<Account, "user">) => ({
  user_id: user.id,
  user_email: user.email ?? "",
  user_phone: user.phone ?? "",
});
