import { createHash, randomInt } from "node:crypto";
import { z } from "zod";
import type { Reader, Work } from "./context.ts";
import { Account, accountColumns, instance } from "./users.ts";

/** The kinds of secrets that mails carry; each user has at most one of a kind. */
export type TokenKind =
  | "confirmation_token"
  | "recovery_token"
  | "email_change_token_new"
  | "email_change_token_current"
  | "reauthentication_token";

/** What a mail carries: a code to type, or its hash in a link. */
export interface Secret {
  code: string;
  /** Starts with `pkce_` when the link shall end in an authorization code. */
  hash: string;
}

export const pkcePrefix = "pkce_";

/** The hash that a code is known by in the database; it holds for one address alone. */
export const hashOf = (address: string, code: string): string =>
  createHash("sha224")
    .update(address + code)
    .digest("hex");

export const newSecret = (
  address: string,
  { length, pkce = false }: { length: number; pkce?: boolean },
): Secret => {
  const code = String(randomInt(10 ** length)).padStart(length, "0");
  return { code, hash: (pkce ? pkcePrefix : "") + hashOf(address, code) };
};

/** Replaces the user's secret of this kind. */
export const keepToken = async (
  work: Work,
  userId: string,
  kind: TokenKind,
  secret: Secret,
  address: string,
): Promise<void> => {
  await work.query(
    `insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)
     values (gen_random_uuid(), $1::uuid, $2::auth.one_time_token_type, $3, $4)
     on conflict (user_id, token_type) do update set
       token_hash = excluded.token_hash, relates_to = excluded.relates_to,
       created_at = now(), updated_at = now()`,
    [userId, kind, secret.hash, address.toLowerCase()],
  );
};

/** Forgets all of a user's secrets, or those of one kind. */
export const forgetTokens = async (
  work: Work,
  userId: string,
  kind: TokenKind | null = null,
): Promise<void> => {
  await work.query(
    `delete from auth.one_time_tokens t
     where t.user_id = $1::uuid and ($2::text is null or t.token_type::text = $2)`,
    [userId, kind],
  );
};

const Holder = Account.extend({ kind: z.string() });

const matching = `
  t.token_hash in (select jsonb_array_elements_text($1::jsonb))
    and t.token_type::text in (select jsonb_array_elements_text($2::jsonb))`;

/**
 * The user whose secret has one of these hashes, and the kind of secret it is. The user stays
 * locked to the end of a transaction, so that a secret that is used up is so for everybody.
 */
export const findByToken = async (
  reader: Reader,
  hashes: readonly string[],
  kinds: readonly TokenKind[],
): Promise<{ account: Account; kind: string } | null> => {
  const parameters = [JSON.stringify(hashes), JSON.stringify(kinds)];
  await reader.query(
    `select from auth.users u
     where u.id in (select t.user_id from auth.one_time_tokens t where ${matching})
     for update`,
    parameters,
  );
  // Read after the lock was got: what the one before us did to the secret must be seen.
  const { rows } = await reader.query(
    `select ${accountColumns}, t.token_type::text as kind
     from auth.one_time_tokens t
     join auth.users u on u.id = t.user_id and u.instance_id = '${instance}'
     where ${matching}
     limit 1`,
    parameters,
  );
  if (!rows[0]) return null;
  const { kind, ...account } = Holder.parse(rows[0]);
  return { account, kind };
};
