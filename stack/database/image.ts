import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// A prepared image is a data directory at a known point: right after the platform, or right after
// a project's migrations and seed. Images are kept by content, so that new projects, tests and
// `--memory` need not run initdb and everything else again.

const folder = fileURLToPath(
  new URL("../../node_modules/.cache/supamarket/images/", import.meta.url),
);

/** An image is tens of megabytes; those that were not used for longest give way. */
const kept = 6;

/** Where the image of this content is kept, whether it exists or not. */
export const imageOf = async (content: readonly string[]): Promise<string> => {
  const pglite = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const hash = createHash("sha256").update(await readFile(pglite));
  for (const part of content) hash.update(part).update("\0");
  return join(folder, `${hash.digest("hex").slice(0, 24)}.tar`);
};

export const readImage = async (path: string): Promise<Blob | undefined> => {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
  return new Blob([new Uint8Array(bytes)]);
};

/** Writes the image whole or not at all, since several stacks may do so at once. */
export const saveImage = async (path: string, image: Blob): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, new Uint8Array(await image.arrayBuffer()));
  await rename(partial, path);
  await dropOldest();
};

const dropOldest = async (): Promise<void> => {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const used = await Promise.all(
    paths.map(async (path) => ({
      path,
      at: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  used.sort((a, b) => b.at - a.at);
  for (const { path } of used.slice(kept)) await rm(path, { force: true });
};
