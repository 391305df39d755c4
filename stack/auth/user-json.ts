import type { Account, Factor, Identity } from "./users.ts";

/** Leaves out what is empty, as Go's `omitempty` does in GoTrue's answers. */
const present = (fields: Record<string, string | null>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value));

export const identityJson = ({ id, provider_id, email, ...identity }: Identity) => ({
  identity_id: id,
  id: provider_id,
  user_id: identity.user_id,
  identity_data: identity.identity_data,
  provider: identity.provider,
  ...present({ last_sign_in_at: identity.last_sign_in_at }),
  created_at: identity.created_at,
  updated_at: identity.updated_at,
  ...present({ email }),
});

export const factorJson = (factor: Factor) => ({
  id: factor.id,
  created_at: factor.created_at,
  updated_at: factor.updated_at,
  status: factor.status,
  ...present({ friendly_name: factor.friendly_name }),
  factor_type: factor.factor_type,
  phone: factor.phone ?? "",
  last_challenged_at: factor.last_challenged_at,
});

/** The user object that Supabase Auth answers with. */
export const userJson = ({ user, identities, factors }: Account) => ({
  id: user.id,
  aud: user.aud ?? "",
  role: user.role ?? "",
  email: user.email ?? "",
  ...present({ email_confirmed_at: user.email_confirmed_at, invited_at: user.invited_at }),
  phone: user.phone ?? "",
  ...present({
    phone_confirmed_at: user.phone_confirmed_at,
    confirmation_sent_at: user.confirmation_sent_at,
    confirmed_at: user.confirmed_at,
    recovery_sent_at: user.recovery_sent_at,
    new_email: user.email_change,
    email_change_sent_at: user.email_change_sent_at,
    new_phone: user.phone_change,
    phone_change_sent_at: user.phone_change_sent_at,
    reauthentication_sent_at: user.reauthentication_sent_at,
    last_sign_in_at: user.last_sign_in_at,
  }),
  app_metadata: user.raw_app_meta_data ?? {},
  user_metadata: user.raw_user_meta_data ?? {},
  ...(factors.length > 0 && { factors: factors.map(factorJson) }),
  identities: identities.map(identityJson),
  created_at: user.created_at,
  updated_at: user.updated_at,
  ...present({ banned_until: user.banned_until, deleted_at: user.deleted_at }),
  is_anonymous: user.is_anonymous,
});

export type UserJson = ReturnType<typeof userJson>;
