import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Builds every page under `folder` that has a vite configuration and whose build is missing or
 * older than the sources. In processes of their own, so that the bundler's memory is given back.
 */
export const buildPages = async (folder: string): Promise<void> => {
  const names = await readdir(folder).catch(() => []);
  const pages = names.filter((name) => existsSync(join(folder, name, "vite.config.ts")));
  const newestSource = await newestIn(folder);
  for (const name of pages) {
    const built = await stat(join(folder, name, "dist", "index.html")).catch(() => undefined);
    if (built && built.mtimeMs >= newestSource) continue;
    await run(process.execPath, [
      viteCommand(),
      "build",
      "--logLevel",
      "error",
      join(folder, name),
    ]);
  }
};

const viteCommand = () =>
  join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin", "vite.js");

const newestIn = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sources = entries.filter((entry) => entry.isFile() && !isBuilt(entry.parentPath));
  const times = await Promise.all(
    sources.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs),
  );
  return Math.max(0, ...times);
};

const isBuilt = (path: string) => /[\\/](dist|node_modules)([\\/]|$)/.test(path);
