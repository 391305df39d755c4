import type { Reader, Work } from "../context.ts";
import { forgetTokens } from "../one-time-tokens.ts";
import { changeUser, type Metadata } from "../user-changes.ts";
import { instance } from "../users.ts";

/** What GoTrue notes in a `phone` identity. */
export const phoneIdentityData = (userId: string, phone: string, verified = false): Metadata => ({
  sub: userId,
  phone,
  email_verified: false,
  phone_verified: verified,
});

/** Whether somebody has this number. */
export const isPhoneTaken = async (reader: Reader, phone: string): Promise<boolean> => {
  const { rows } = await reader.query(
    `select from auth.users u
     where u.instance_id = '${instance}' and u.phone = $1 and not u.is_sso_user`,
    [phone],
  );
  return rows.length > 0;
};

export const confirmPhone = async (work: Work, userId: string): Promise<void> => {
  const now = new Date().toISOString();
  await changeUser(work, userId, { confirmation_token: "", phone_confirmed_at: now });
  await forgetTokens(work, userId);
};
