import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for files that are to live no longer than the process, and how to remove it. */
export const temporaryFolder = async (): Promise<{ path: string; remove(): Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), "supamarket-storage-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
};
