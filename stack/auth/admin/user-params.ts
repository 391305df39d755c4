import { z } from "zod";
import { AuthError, invalid } from "../auth-error.ts";
import { emailAddress } from "../email-address.ts";
import { Data, Text } from "../router.ts";
import { bannedUntil } from "./ban.ts";
import { phoneNumber } from "./phone.ts";

const Flag = z
  .boolean()
  .nullish()
  .transform((flag) => flag ?? false);

/** What createUser and updateUserById send; all of it may be absent. */
export const UserParams = z.looseObject({
  id: Text,
  aud: Text,
  role: Text,
  email: Text,
  phone: Text,
  password: z.string().nullish(),
  password_hash: Text,
  email_confirm: Flag,
  phone_confirm: Flag,
  user_metadata: Data,
  app_metadata: Data,
  ban_duration: Text,
});
export type UserParams = z.infer<typeof UserParams>;

/** The parameters with addresses and durations checked and in the form that is stored. */
export const checkedParams = (params: UserParams) => ({
  ...params,
  email: params.email && emailAddress(params.email),
  phone: params.phone && phoneNumber(params.phone),
  /** Absent: as it is; null: not banned. */
  ...(params.ban_duration && { bannedUntil: bannedUntil(params.ban_duration) }),
});
export type CheckedParams = ReturnType<typeof checkedParams>;

const Uuid = z.uuid();

/** The id that createUser asks for, if it does. */
export const wishedId = ({ id }: UserParams): string | null => {
  if (id === "") return null;
  if (!Uuid.safeParse(id).success) throw invalid("ID must conform to the uuid v4 format");
  if (/^[0-]+$/.test(id)) throw invalid("ID cannot be a nil uuid");
  return id;
};

export const emailExists = () =>
  new AuthError(422, "email_exists", "A user with this email address has already been registered");

export const phoneExists = () =>
  new AuthError(422, "phone_exists", "Phone number already registered by another user");
