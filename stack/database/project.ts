import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Database } from "./database.ts";
import { requireExtensions } from "./extensions.ts";
import { imageOf, readImage, saveImage } from "./image.ts";
import { applyMigrations, type Migration, readMigrations, runSeed } from "./migrations.ts";
import { openPglite } from "./pglite.ts";
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

  if (source.dataDir && existsSync(readyMark(source.dataDir))) {
    return prepared(await openPglite(source), migrations, seeds);
  }
  // Not there, or a first start that was cut short: whatever it left is of no use.
  if (source.dataDir) await rm(source.dataDir, { recursive: true, force: true });

  const base = await imageOf([platformVersion()]);
  const whole = await imageOf([
    platformVersion(),
    ...migrations.map(({ version, sql }) => version + sql),
    ...(await Promise.all(seeds.map((path) => readFile(path, "utf8")))),
  ]);
  const ready = await readImage(whole);
  const image = ready ?? (await readImage(base));
  const database = await openPglite({ ...source, ...(image && { image }) });
  if (!image) {
    await ensurePlatform(database);
    await saveImage(base, await database.dump());
  }
  await prepared(database, migrations, seeds);
  if (!ready) await saveImage(whole, await database.dump());
  if (source.dataDir) await writeFile(readyMark(source.dataDir), "");
  return database;
};

const readyMark = (dataDir: string) => `${dataDir}.ready`;

const prepared = async (
  database: Database,
  migrations: readonly Migration[],
  seeds: readonly string[],
): Promise<Database> => {
  await ensurePlatform(database);
  await applyMigrations(database, migrations);
  for (const path of seeds) await runSeed(database, path);
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
