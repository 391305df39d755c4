import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Database } from "./database.ts";
import { requireExtensions } from "./extensions.ts";
import { applyMigrations, type Migration, readMigrations, runSeed } from "./migrations.ts";
import { openPglite, type PgliteDatabase } from "./pglite.ts";
import { ensurePlatform, platformVersion } from "./platform.ts";
import { openPostgres } from "./postgres.ts";

export interface ProjectSource {
  /** The project's `supabase/` folder. */
  folder: string;
  /** Seed files relative to `folder`, in order; run once, when the database is new. */
  seeds: readonly string[];
  /** Where PGlite keeps its data; absent: memory. */
  dataDir?: string;
  /** A native PostgreSQL instead of PGlite. */
  databaseUrl?: string;
}

/** The project's database: platform, migrations and seed in place. */
export const openProject = async (source: ProjectSource): Promise<Database> => {
  const migrations = await readMigrations(join(source.folder, "migrations"));
  const seeds = await seedPaths(source);
  if (source.databaseUrl) {
    const database = openPostgres(source.databaseUrl);
    await requireExtensions(database, migrations);
    return prepared(database, migrations, seeds);
  }

  const isNew = !source.dataDir || !existsSync(join(source.dataDir, "PG_VERSION"));
  const image = isNew ? await imagePath(migrations, seeds) : undefined;
  const kept = image && existsSync(image) ? new Blob([await readFile(image)]) : undefined;
  const database = await openPglite({
    ...(source.dataDir && { dataDir: source.dataDir }),
    ...(kept && { image: kept }),
  });
  await prepared(database, migrations, kept ? [] : seeds);
  if (image && !kept) await saveImage(database, image);
  return database;
};

const prepared = async <T extends Database>(
  database: T,
  migrations: readonly Migration[],
  seeds: readonly string[],
): Promise<T> => {
  await ensurePlatform(database);
  const applied = await applyMigrations(database, migrations);
  const isNew = applied.length > 0 && applied.length === migrations.length;
  if (isNew) for (const path of seeds) await runSeed(database, path);
  return database;
};

const seedPaths = async ({ folder, seeds }: ProjectSource): Promise<string[]> => {
  const paths: string[] = [];
  for (const pattern of seeds) {
    const at = join(folder, dirname(pattern));
    const expression = new RegExp(
      `^${(pattern.split("/").at(-1) ?? "").replaceAll(".", "\\.").replaceAll("*", ".*")}$`,
    );
    const names = await readdir(at).catch(() => []);
    for (const name of names.sort()) if (expression.test(name)) paths.push(join(at, name));
  }
  return paths;
};

/**
 * A prepared image is the data directory right after migrations and seed. It is kept per content,
 * so that new projects, tests and `--memory` need not run initdb and everything else again.
 */
const imagePath = async (
  migrations: readonly Migration[],
  seeds: readonly string[],
): Promise<string> => {
  const require = createRequire(import.meta.url);
  const packages = createHash("sha256")
    .update(await readFile(require.resolve("@electric-sql/pglite")))
    .digest("hex");
  const content = createHash("sha256").update(packages).update(platformVersion());
  for (const { version, sql } of migrations) content.update(version).update(sql);
  for (const path of seeds) content.update(await readFile(path));
  const folder = fileURLToPath(new URL("../../node_modules/.cache/supamarket/", import.meta.url));
  return join(folder, `${content.digest("hex").slice(0, 24)}.tar`);
};

const saveImage = async (database: PgliteDatabase, path: string): Promise<void> => {
  const image = await database.dump();
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, Buffer.from(await image.arrayBuffer()));
  await rename(partial, path);
};
