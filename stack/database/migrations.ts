import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Database, isDatabaseError, literal, type Session } from "./database.ts";

export interface Migration {
  /** 14 digits, as the Supabase CLI names its files. */
  version: string;
  name: string;
  path: string;
  sql: string;
}

/** A migration problem that a person must settle; the message is the whole explanation. */
export class MigrationProblem extends Error {
  override name = "MigrationProblem";
}

const fileName = /^(\d{14})_(.+)\.sql$/;

/** The project's migrations in order; other files in the folder are ignored, as the CLI does. */
export const readMigrations = async (folder: string): Promise<Migration[]> => {
  const names = await readdir(folder).catch(() => []);
  const migrations: Migration[] = [];
  for (const file of names.sort()) {
    const [, version, name] = fileName.exec(file) ?? [];
    if (!version || !name) continue;
    const path = join(folder, file);
    migrations.push({ version, name, path, sql: await readFile(path, "utf8") });
  }
  return migrations;
};

const history = `
  create schema if not exists supabase_migrations;
  create table if not exists supabase_migrations.schema_migrations (
    version text primary key,
    statements text[],
    name text
  );
  create table if not exists supabase_migrations.seed_files (
    path text primary key,
    hash text not null
  );
`;

/**
 * Runs `work` as the non-superuser `postgres`, the role that migrations and seeds have on Supabase.
 * The session's authorisation is changed, not only its role, so that `reset role` stays there.
 */
const asProjectOwner = async (session: Session, work: () => Promise<void>): Promise<void> => {
  const { rows } = await session.query<{ name: string }>("select session_user::text as name");
  const administrator = rows[0]?.name ?? "supabase_admin";
  await session.exec("set session authorization postgres");
  try {
    await work();
  } finally {
    // Apart, because several statements sent at once would be one implicit transaction.
    await session.exec("rollback");
    await session.exec(`set session authorization ${literal(administrator)}`);
  }
};

/** Applies what is new, each file in one transaction with its history row; returns the versions applied. */
export const applyMigrations = async (
  database: Database,
  migrations: readonly Migration[],
): Promise<string[]> => {
  const applied: string[] = [];
  await database.session((session) =>
    asProjectOwner(session, async () => {
      await session.exec(history);
      const { rows } = await session.query<{ version: string; statements: string[] | null }>(
        "select version, statements from supabase_migrations.schema_migrations",
      );
      const done = new Map(rows.map((row) => [row.version, row.statements]));

      for (const migration of migrations) {
        if (done.has(migration.version)) {
          refuseChanged(migration, done.get(migration.version) ?? null);
          continue;
        }
        await applyOne(session, migration);
        applied.push(migration.version);
      }
    }),
  );
  return applied;
};

const applyOne = async (session: Session, migration: Migration): Promise<void> => {
  const record =
    "insert into supabase_migrations.schema_migrations (version, name, statements) values " +
    `(${literal(migration.version)}, ${literal(migration.name)}, array[${literal(migration.sql)}])`;
  try {
    await session.exec(`begin;\n${migration.sql}\n;\n${record};\ncommit;`);
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    const line = errorLine(migration.sql, error);
    throw new MigrationProblem(
      `Migration ${migration.path}${line} failed: ${error.message}` +
        [error.detail, error.hint]
          .filter(Boolean)
          .map((part) => ` (${part})`)
          .join(""),
      { cause: error },
    );
  }
};

const errorLine = (sql: string, error: Error): string => {
  if (!("position" in error) || !error.position) return "";
  const before = sql.slice(0, Number(error.position) - "begin;\n".length);
  return `:${before.split("\n").length}`;
};

/** The CLI stores single statements, we store the file; white space and `;` do not tell them apart. */
const fingerprint = (text: string) => text.replace(/[\s;]+/g, "");

const refuseChanged = (migration: Migration, statements: string[] | null): void => {
  if (!statements || fingerprint(statements.join("")) === fingerprint(migration.sql)) return;
  throw new MigrationProblem(
    `Migration ${migration.path} was changed after it had been applied; put its text back and add a ` +
      "new migration, or start over with `npm start -- --reset`.",
  );
};

/**
 * Runs a seed script as the project's owner, in one transaction, unless it has been run before;
 * the CLI's own table remembers that.
 */
export const runSeed = async (database: Database, path: string): Promise<void> => {
  const script = await readFile(path, "utf8");
  const name = basename(path);
  const hash = createHash("sha256").update(script).digest("hex");
  const record =
    "insert into supabase_migrations.seed_files (path, hash) values " +
    `(${literal(name)}, ${literal(hash)})`;
  await database.session((session) =>
    asProjectOwner(session, async () => {
      const { rows } = await session.query(
        "select from supabase_migrations.seed_files f where f.path = $1",
        [name],
      );
      if (rows.length > 0) return;
      try {
        await session.exec(`begin;\n${script}\n;\n${record};\ncommit;`);
      } catch (error) {
        if (!isDatabaseError(error)) throw error;
        const line = errorLine(script, error);
        throw new MigrationProblem(`Seed ${path}${line} failed: ${error.message}`, {
          cause: error,
        });
      }
    }),
  );
};
