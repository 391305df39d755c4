import type { Database } from "./database/database.ts";

/** Puts secrets where SQL looks for them (`vault.decrypted_secrets`), replacing older values. */
export const keepSecrets = async (
  database: Database,
  secrets: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const [name, secret] of Object.entries(secrets)) {
    await database.query(
      "insert into vault.secrets (name, secret) values ($1, $2) " +
        "on conflict (name) do update set secret = excluded.secret, updated_at = now()",
      [name, secret],
    );
  }
};
