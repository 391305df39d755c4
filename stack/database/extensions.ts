import type { Database } from "./database.ts";
import type { Migration } from "./migrations.ts";

/** The server lacks an extension; the message names it and the remedy. */
export class ExtensionMissing extends Error {
  override name = "ExtensionMissing";
}

/** Refuses before anything is changed when migrations want extensions that the server lacks. */
export const requireExtensions = async (
  database: Database,
  migrations: readonly Migration[],
): Promise<void> => {
  const wanted = new Set(migrations.flatMap(({ sql }) => extensionsIn(sql)));
  const { rows } = await database.query<{ name: string }>(
    "select name from pg_catalog.pg_available_extensions",
  );
  for (const { name } of rows) wanted.delete(name);
  if (wanted.size === 0) return;
  throw new ExtensionMissing(
    `The PostgreSQL server lacks the extension ${[...wanted].join(", ")}; install it there, or ` +
      "unset DATABASE_URL to use the built-in database.",
  );
};

/** Names in `create extension` statements; those inside strings are guarded and not counted. */
const extensionsIn = (sql: string): string[] =>
  [...sql.matchAll(/^create extension (?:if not exists )?"?([\w-]+)/gim)].flatMap(([, name]) =>
    name ? [name] : [],
  );
