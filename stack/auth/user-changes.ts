import type { Work } from "./context.ts";
import { audience, instance, type User } from "./users.ts";

/** Makes others who would change this user wait until the end of `work`. */
export const lockUser = async (work: Work, userId: string): Promise<void> => {
  await work.query("select from auth.users u where u.id = $1::uuid for update", [userId]);
};

/** Columns of auth.users that code may set; instants as ISO text. */
export type UserChange = Partial<
  Pick<
    User,
    | "aud"
    | "role"
    | "email"
    | "phone"
    | "encrypted_password"
    | "email_confirmed_at"
    | "phone_confirmed_at"
    | "invited_at"
    | "confirmation_token"
    | "confirmation_sent_at"
    | "recovery_token"
    | "recovery_sent_at"
    | "email_change"
    | "email_change_token_new"
    | "email_change_token_current"
    | "email_change_confirm_status"
    | "email_change_sent_at"
    | "phone_change"
    | "phone_change_sent_at"
    | "reauthentication_token"
    | "reauthentication_sent_at"
    | "last_sign_in_at"
    | "is_anonymous"
    | "banned_until"
    | "deleted_at"
  >
>;

/** Sets columns of one user, and `updated_at` with them. */
export const changeUser = async (work: Work, userId: string, change: UserChange): Promise<void> => {
  const columns = Object.entries(change);
  // Column names come from the type above, never from a request.
  const assignments = columns.map(([column], at) => `${column} = $${at + 2}`);
  await work.query(
    `update auth.users set ${[...assignments, "updated_at = now()"].join(", ")} where id = $1::uuid`,
    [userId, ...columns.map(([, value]) => value)],
  );
};

export type Metadata = Readonly<Record<string, unknown>>;

/** Merges into a metadata column; a key whose value is null is removed. */
export const mergeMetadata = async (
  work: Work,
  userId: string,
  column: "raw_user_meta_data" | "raw_app_meta_data",
  changes: Metadata,
): Promise<void> => {
  const kept = Object.entries(changes).filter(([, value]) => value !== null);
  const removed = Object.keys(changes).filter((key) => changes[key] === null);
  await work.query(
    `update auth.users set
       ${column} = (coalesce(${column}, '{}') || $2::jsonb)
         - array(select jsonb_array_elements_text($3::jsonb)),
       updated_at = now()
     where id = $1::uuid`,
    [userId, JSON.stringify(Object.fromEntries(kept)), JSON.stringify(removed)],
  );
};

export interface NewUser {
  id: string;
  email: string | null;
  phone?: string | null;
  passwordHash: string;
  userMetadata: Metadata;
  appMetadata: Metadata;
  isAnonymous?: boolean;
}

/** Inserts a user that nothing is confirmed of; unique violations and failing triggers pass through. */
export const insertUser = async (work: Work, user: NewUser): Promise<void> => {
  await work.query(
    `insert into auth.users (
       instance_id, id, aud, role, email, phone, encrypted_password, raw_user_meta_data,
       raw_app_meta_data, is_anonymous, confirmation_token, recovery_token, email_change,
       email_change_token_new, created_at, updated_at
     )
     values (
       '${instance}', $1::uuid, '${audience}', 'authenticated', $2, $3, $4, $5::jsonb,
       $6::jsonb, $7, '', '', '', '', now(), now()
     )`,
    [
      user.id,
      user.email,
      user.phone ?? null,
      user.passwordHash,
      JSON.stringify(user.userMetadata),
      JSON.stringify(user.appMetadata),
      user.isAnonymous ?? false,
    ],
  );
};

export interface NewIdentity {
  userId: string;
  provider: string;
  /** The user's id at the provider; for `email` and `phone` the user's own id. */
  providerId: string;
  /** What the provider says of the user; `email` is what sign-ups are matched by. */
  data: Metadata;
}

export const insertIdentity = async (work: Work, identity: NewIdentity): Promise<void> => {
  await work.query(
    `insert into auth.identities (
       user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at
     )
     values ($1::uuid, $2, $3, $4::jsonb, now(), now(), now())`,
    [identity.userId, identity.provider, identity.providerId, JSON.stringify(identity.data)],
  );
};

/** Merges into what an identity says. */
export const changeIdentityData = async (
  work: Work,
  identityId: string,
  changes: Metadata,
): Promise<void> => {
  await work.query(
    `update auth.identities set identity_data = identity_data || $2::jsonb, updated_at = now()
     where id = $1::uuid`,
    [identityId, JSON.stringify(changes)],
  );
};

/** Makes `app_metadata.provider(s)` name the identities that the user has now, oldest first. */
export const refreshProviders = async (work: Work, userId: string): Promise<void> => {
  await work.query(
    `update auth.users u
     set raw_app_meta_data = coalesce(u.raw_app_meta_data, '{}') || p.named, updated_at = now()
     from (
       select jsonb_strip_nulls(jsonb_build_object(
         'provider', (array_agg(i.provider order by i.since))[1],
         'providers', coalesce(jsonb_agg(i.provider order by i.since), '[]')
       )) as named
       from (
         select i.provider, min(i.created_at) as since
         from auth.identities i where i.user_id = $1::uuid group by i.provider
       ) i
     ) p
     where u.id = $1::uuid`,
    [userId],
  );
};
