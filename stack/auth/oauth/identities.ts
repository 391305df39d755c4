import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError } from "../auth-error.ts";
import { dropPending } from "../confirming.ts";
import type { AuthContext, Reader, Work } from "../context.ts";
import { userRoute } from "../router.ts";
import { changeUser, lockUser, mergeMetadata, refreshProviders } from "../user-changes.ts";
import { type Account, findByEmail, type Identity, readAccount } from "../users.ts";
import type { Profile } from "./profile.ts";

/** The identity that a provider knows under this subject. */
export const findIdentity = async (
  reader: Reader,
  { provider, subject }: Pick<Profile, "provider" | "subject">,
): Promise<{ id: string; userId: string } | null> => {
  const { rows } = await reader.query<{ id: string; user_id: string }>(
    "select i.id, i.user_id from auth.identities i where i.provider = $1 and i.provider_id = $2",
    [provider, subject],
  );
  return rows[0] ? { id: rows[0].id, userId: rows[0].user_id } : null;
};

/** Throws unless config.toml lets users add and remove identities themselves. */
export const checkManualLinking = ({ settings }: AuthContext): void => {
  if (settings.enable_manual_linking) return;
  throw new AuthError(404, "manual_linking_disabled", "Manual linking is disabled");
};

const isProven = ({ identity_data }: Identity): boolean => identity_data.email_verified === true;

/** Addresses that a provider has verified come first, identities without one last. */
const rankOf = (identity: Identity): number => {
  if (!identity.email) return 2;
  return isProven(identity) ? 0 : 1;
};

/** The best identity, oldest first, whose address nobody else signs in with. */
const successorOf = async (
  work: Work,
  identities: readonly Identity[],
): Promise<Identity | undefined> => {
  const ranked = [...identities].sort((one, other) => rankOf(one) - rankOf(other));
  for (const identity of ranked) {
    if (!identity.email || !(await findByEmail(work, identity.email))) return identity;
  }
  return undefined;
};

/** Keeps the user's address one that an identity has. */
const settleEmail = async (work: Work, { user, identities }: Account): Promise<void> => {
  if (identities.some(({ email }) => (email ?? "") === (user.email ?? ""))) return;
  const successor = await successorOf(work, identities);
  if (!successor) {
    throw new AuthError(
      422,
      "email_conflict_identity_not_deletable",
      "Unable to unlink identity due to email conflict",
    );
  }
  const { email } = successor;
  await changeUser(work, user.id, { email: email || null });
  await dropPending(work, user.id);
  if (email && (isProven(successor) || !work.settings.email.enable_confirmations)) return;
  await changeUser(work, user.id, { email_confirmed_at: null });
  await mergeMetadata(work, user.id, "raw_user_meta_data", { email_verified: false });
};

const unlink = async (work: Work, account: Account, identity: Identity): Promise<void> => {
  const { id } = account.user;
  await audit(work, account, "identity_unlinked", {
    identity_id: identity.id,
    provider: identity.provider,
    provider_id: identity.provider_id,
  });
  await work.query("delete from auth.identities i where i.id = $1::uuid", [identity.id]);
  if (identity.provider === "phone") {
    await changeUser(work, id, { phone: null, phone_confirmed_at: null });
  } else {
    await settleEmail(work, await readAccount(work, id));
  }
  await refreshProviders(work, id);
};

/** The user's identity of this id; throws unless another is left. */
const removable = ({ identities }: Account, id: string): Identity => {
  if (identities.length <= 1) {
    throw new AuthError(
      422,
      "single_identity_not_deletable",
      "User must have at least 1 identity after unlinking",
    );
  }
  const identity = identities.find((one) => one.id === id);
  if (!identity) throw new AuthError(422, "identity_not_found", "Identity doesn't exist");
  return identity;
};

/** Takes one way to sign in from the caller, who keeps at least one. */
export const unlinkIdentity = userRoute(
  { method: "DELETE", path: "/user/identities/:identity_id" },
  async (auth, call) => {
    checkManualLinking(auth);
    const id = z.uuid().safeParse(call.params.identity_id);
    if (!id.success) throw new AuthError(404, "validation_failed", "identity_id must be an UUID");
    const { user } = call.caller.account;
    await auth.transaction(call, async (work) => {
      // Two at once must not each leave the other's identity as the last.
      await lockUser(work, user.id);
      const account = await readAccount(work, user.id);
      await unlink(work, account, removable(account, id.data));
    });
    return Response.json({});
  },
);
