import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Database } from "./database.ts";

const files = [
  "roles.sql",
  "rest.sql",
  "auth.sql",
  "storage.sql",
  "realtime.sql",
  "realtime-changes.sql",
  "scheduler.sql",
];

const scripts = (): string[] =>
  files
    .map((file) => fileURLToPath(new URL(`platform/${file}`, import.meta.url)))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"));

/** Changes whenever the platform's SQL does; part of the key of prepared data images. */
export const platformVersion = (): string =>
  createHash("sha256").update(scripts().join("\0")).digest("hex").slice(0, 16);

/**
 * Sets up what Supabase has before any migration. Needs a superuser session; does nothing when
 * this version of the platform stands there already.
 */
export const ensurePlatform = async (database: Database): Promise<void> => {
  const version = platformVersion();
  await database.session(async (session) => {
    const present = await session.query(
      "select from pg_catalog.pg_namespace n join pg_catalog.pg_description d on d.objoid = n.oid " +
        "where n.nspname = 'realtime' and d.description = $1",
      [`platform ${version}`],
    );
    if (present.rows.length > 0) return;
    for (const script of scripts()) await session.exec(script);
    await session.exec(`comment on schema realtime is 'platform ${version}'`);
  });
};
