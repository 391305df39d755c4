import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { getMimeType } from "hono/utils/mime";
import type { Database } from "../database/database.ts";
import { jsonOf, textArray } from "./buckets.ts";
import { service } from "./caller.ts";
import type { Files } from "./files.ts";
import { metadataOf, putObject } from "./objects.ts";
import { parseSize, type StorageSettings } from "./settings.ts";

/** Makes the buckets of config.toml, and brings those that exist in line with it. */
export const ensureBuckets = async (
  database: Database,
  buckets: StorageSettings["buckets"],
): Promise<void> => {
  for (const [id, bucket] of Object.entries(buckets)) {
    await database.query(
      `insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
       values ($1, $1, $2, $3, ${textArray("$4")})
       on conflict (id) do update set
         public = excluded.public,
         file_size_limit = excluded.file_size_limit,
         allowed_mime_types = excluded.allowed_mime_types`,
      [
        id,
        bucket.public,
        bucket.file_size_limit ? parseSize(bucket.file_size_limit) : null,
        jsonOf(bucket.allowed_mime_types),
      ],
    );
  }
};

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};

export interface SeedPorts {
  database: Database;
  files: Files;
  buckets: StorageSettings["buckets"];
  /** What `objects_path` is relative to. */
  folder: string;
  /** Bytes; no bucket allows more. */
  fileSizeLimit: number;
}

/** Stores what lies below each bucket's `objects_path`, unless an object of that name is there. */
export const seedObjects = async (ports: SeedPorts): Promise<void> => {
  const { database, files, buckets, folder, fileSizeLimit } = ports;
  for (const [bucket, { objects_path }] of Object.entries(buckets)) {
    if (!objects_path) continue;
    const root = join(folder, objects_path);
    const { rows } = await database.query<{ name: string }>(
      "select name from storage.objects where bucket_id = $1",
      [bucket],
    );
    const present = new Set(rows.map(({ name }) => name));
    const single = (await stat(root)).isFile();
    for (const path of single ? [root] : await filesBelow(root)) {
      const key = relative(single ? join(root, "..") : root, path).replaceAll(sep, "/");
      if (present.has(key)) continue;
      const file = await files.write(createReadStream(path), fileSizeLimit);
      const mimetype = getMimeType(path) ?? "application/octet-stream";
      const metadata = metadataOf(file, { mimetype, cacheControl: "max-age=3600" });
      await files.keep(file, (replacing) =>
        database.transaction(
          (session) =>
            putObject(session, { bucket, key, version: file.version, metadata }, false, replacing),
          { role: service.role },
        ),
      );
    }
  }
};
