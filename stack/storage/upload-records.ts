import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ignoringMissing } from "./missing.ts";

const UploadRecord = z.object({
  id: z.uuid(),
  /** Bytes; absent until the client says it. */
  size: z.number().optional(),
  metadata: z.record(z.string(), z.string().nullable()).optional(),
  creation_date: z.string(),
  /** Whether its object stands. */
  finished: z.boolean().default(false),
});

/** What is known of a resumable upload besides what has arrived of it. */
export type UploadRecord = z.infer<typeof UploadRecord>;

export interface UploadRecords {
  get(id: string): Promise<UploadRecord | null>;
  /** Seen whole or not at all. */
  set(record: UploadRecord): Promise<void>;
  delete(id: string): Promise<void>;
  /** Bytes that have arrived. */
  arrived(id: string): Promise<number>;
  /** Deletes uploads, and what is left of them, that nothing was written to for so long. */
  sweep(milliseconds: number): Promise<void>;
}

/** Records lie beside the data of their uploads. */
export const createUploadRecords = (folder: string): UploadRecords => {
  const path = (id: string) => join(folder, `${id}.json`);
  return {
    get: async (id) => {
      const text = await ignoringMissing(readFile(path(id), "utf8"));
      return text === null ? null : UploadRecord.parse(JSON.parse(text));
    },
    set: async (record) => {
      const draft = `${path(record.id)}.draft`;
      await writeFile(draft, JSON.stringify(record));
      await rename(draft, path(record.id));
    },
    delete: (id) => rm(path(id), { force: true }),
    arrived: async (id) => (await ignoringMissing(stat(join(folder, id))))?.size ?? 0,
    sweep: async (milliseconds) => {
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        const about = await ignoringMissing(stat(file));
        if (about && Date.now() - about.mtimeMs > milliseconds) await rm(file, { force: true });
      }
    },
  };
};
