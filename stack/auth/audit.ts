import type { Work } from "./context.ts";
import { type Account, instance } from "./users.ts";

/** What can happen, and the kind of thing it happens to, as GoTrue writes them. */
const kinds = {
  login: "account",
  logout: "account",
  invite_accepted: "account",
  user_signedup: "team",
  user_invited: "team",
  user_deleted: "team",
  user_modified: "user",
  user_recovery_requested: "user",
  user_reauthenticate_requested: "user",
  user_confirmation_requested: "user",
  user_repeated_signup: "user",
  user_updated_password: "user",
  token_revoked: "token",
  token_refreshed: "token",
  factor_in_progress: "factor",
  factor_unenrolled: "factor",
  challenge_created: "factor",
  verification_attempted: "factor",
  factor_deleted: "factor",
  factor_updated: "factor",
  mfa_code_login: "factor",
  identity_unlinked: "user",
} as const;

export type AuditAction = keyof typeof kinds;

/** Who did it: a user, or the secret key. */
type Actor = Pick<Account, "user"> | "service_role";

/** Adds an entry to auth.audit_log_entries, or one for each of several actions. */
export const audit = async (
  work: Work,
  actor: Actor,
  actions: AuditAction | readonly AuditAction[],
  traits?: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const payloads = [actions].flat().map((action) => ({
    ...describe(actor),
    action,
    log_type: kinds[action],
    ...(traits && { traits }),
  }));
  await work.query(
    `insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
     select '${instance}', gen_random_uuid(), p.payload, now(), $2
     from json_array_elements($1::json) p (payload)`,
    [JSON.stringify(payloads), work.call.ip],
  );
};

/** The id that stands for the secret key, whom no row is about. */
const nobody = instance;

const describe = (actor: Actor) => {
  if (actor === "service_role") {
    return {
      actor_id: nobody,
      actor_via_sso: false,
      actor_username: actor,
    };
  }
  const { user } = actor;
  const name = user.raw_user_meta_data?.full_name;
  return {
    actor_id: user.id,
    actor_via_sso: user.is_sso_user,
    actor_username: user.phone || (user.email ?? ""),
    ...(name !== undefined && { actor_name: name }),
  };
};
