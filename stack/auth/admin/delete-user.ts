import { createHash } from "node:crypto";
import { z } from "zod";
import { audit } from "../audit.ts";
import type { Work } from "../context.ts";
import { forgetTokens } from "../one-time-tokens.ts";
import { adminRoute } from "../router.ts";
import { endSessions } from "../sessions.ts";
import { changeUser } from "../user-changes.ts";
import type { Account } from "../users.ts";
import { accountOf, traitsOf } from "./path.ts";

/** What is left of a value: nobody can read it, and nobody else's becomes the same. */
const obscured = (userId: string, value: string) =>
  createHash("sha256")
    .update(userId + value)
    .digest("base64url");

/** Leaves the row, so that what refers to it stays, and nothing that says who it was. */
const softDelete = async (work: Work, { user, identities }: Account): Promise<void> => {
  const { id } = user;
  await changeUser(work, id, {
    email: obscured(id, user.email ?? ""),
    phone: obscured(id, user.phone ?? "").slice(0, 15),
    email_change: obscured(id, user.email_change ?? ""),
    phone_change: obscured(id, user.phone_change ?? "").slice(0, 15),
    encrypted_password: null,
    confirmation_token: "",
    recovery_token: "",
    email_change_token_current: "",
    email_change_token_new: "",
    deleted_at: new Date().toISOString(),
  });
  await work.query(
    "update auth.users set raw_user_meta_data = '{}', raw_app_meta_data = '{}' where id = $1::uuid",
    [id],
  );
  for (const { id: identityId, provider, provider_id } of identities) {
    await work.query(
      "update auth.identities set identity_data = '{}', provider_id = $2 where id = $1::uuid",
      [identityId, obscured(id, `${provider}:${provider_id}`)],
    );
  }
  await work.query("delete from auth.mfa_factors f where f.user_id = $1::uuid", [id]);
  await forgetTokens(work, id);
  await endSessions(work, id);
};

const Body = z.looseObject({ should_soft_delete: z.boolean().nullish() });

/** Deletes a user with all that hangs on it, or only what says who it was. */
export const deleteUser = adminRoute(
  { method: "DELETE", path: "/admin/users/:user_id", body: Body },
  async (auth, call) => {
    const account = await accountOf(auth, call);
    await auth.transaction(
      call,
      async (work) => {
        await audit(work, "service_role", "user_deleted", traitsOf(account));
        if (!call.body.should_soft_delete) {
          await work.query("delete from auth.users u where u.id = $1::uuid", [account.user.id]);
        } else if (!account.user.deleted_at) {
          await softDelete(work, account);
        }
      },
      "Database error deleting user",
    );
    return Response.json({});
  },
);
