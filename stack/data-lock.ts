import { existsSync, readFileSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Another process holds the data folder; the message says which and what to do. */
export class DataInUse extends Error {
  override name = "DataInUse";
}

/**
 * Marks the data folder as ours: PGlite does not guard it, and two writers would ruin it. A mark
 * whose process is gone (kill -9, power cut) counts for nothing.
 */
export const holdDataFolder = async (
  folder: string,
  options: { reset: boolean },
): Promise<() => void> => {
  const path = join(folder, "lock");
  const holder = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  if (holder && holder !== process.pid && isAlive(holder)) {
    throw new DataInUse(
      `Another stack (process ${holder}) uses ${folder}; stop it first, or start this one ` +
        "with --memory or another --workdir.",
    );
  }
  if (options.reset) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(path, String(process.pid));
  return () => rmSync(path, { force: true });
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
