import { z } from "zod";
import { Instant, Uuid } from "./common.ts";

export const Role = z.enum(["customer", "seller", "support", "admin"]);
export type Role = z.infer<typeof Role>;

/** A user as staff see them. */
export const UserSummary = z.object({
  id: Uuid,
  /** Null for guests. */
  email: z.string().nullable(),
  full_name: z.string().nullable(),
  phone: z.string().nullable(),
  roles: z.array(Role),
  is_anonymous: z.boolean(),
  is_confirmed: z.boolean(),
  has_second_factor: z.boolean(),
  /** Null unless they are banned now. */
  banned_until: Instant.nullable(),
  created_at: Instant,
  last_sign_in_at: Instant.nullable(),
});
export type UserSummary = z.infer<typeof UserSummary>;

/** Answer of `list_users`. */
export const UserList = z.object({ total: z.int(), users: z.array(UserSummary) });
export type UserList = z.infer<typeof UserList>;

const Email = z.email().max(254);
const FullName = z.string().trim().min(1).max(200);

/** Body of `users/create`. */
export const UserCreation = z.strictObject({
  email: Email,
  /** Absent: they set one by a recovery mail. */
  password: z.string().min(8).max(72).optional(),
  full_name: FullName.optional(),
});
export type UserCreation = z.infer<typeof UserCreation>;

/** Body of `users/invite`. */
export const UserInvitation = z.strictObject({
  email: Email,
  full_name: FullName.optional(),
  /** Where the link in the mail leads; must be among the project's redirect URLs. */
  redirect_to: z.url().optional(),
});
export type UserInvitation = z.infer<typeof UserInvitation>;

/** Body of `users/ban`. */
export const UserBan = z.strictObject({
  user_id: Uuid,
  /** From now on; null lifts the ban. */
  hours: z.int().min(1).max(876_000).nullable(),
});
export type UserBan = z.infer<typeof UserBan>;

/** Body of `users/delete`. */
export const UserDeletion = z.strictObject({ user_id: Uuid });
export type UserDeletion = z.infer<typeof UserDeletion>;

/** Answer of each endpoint of `users`. */
export const UserAnswer = z.object({ user_id: Uuid });
export type UserAnswer = z.infer<typeof UserAnswer>;
