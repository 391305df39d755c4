import { randomUUID } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ignoringMissing } from "./missing.ts";

const Versions = z.array(z.uuid());

/** A note that some files and their rows may not agree while something is under way. */
export interface Doubt {
  /** Takes the note away: files and rows agree. */
  settle(): Promise<void>;
}

export interface Doubts {
  /** Notes the versions before their rows are written or deleted. */
  note(versions: readonly string[]): Promise<Doubt>;
  /** What a process that was killed left: every version noted, and how to forget them all. */
  left(): Promise<{ versions: string[]; forget(): Promise<void> }>;
}

/**
 * Files and rows cannot change in one step. Whoever is about to change both notes the files first;
 * after a crash the notes say which files to ask the database about, so nothing else need be
 * looked at, and no file is ever deleted because a row is merely not found.
 */
export const createDoubts = (folder: string): Doubts => ({
  note: async (versions) => {
    const path = join(folder, randomUUID());
    await writeFile(path, JSON.stringify(versions));
    return { settle: () => rm(path, { force: true }) };
  },
  left: async () => {
    const paths = (await readdir(folder)).map((name) => join(folder, name));
    const versions: string[] = [];
    for (const path of paths) {
      const note = await ignoringMissing(readFile(path, "utf8"));
      // A note that was cut short was written before anything it speaks of happened.
      const parsed = Versions.safeParse(parseJson(note ?? ""));
      if (parsed.success) versions.push(...parsed.data);
    }
    return {
      versions,
      forget: async () => {
        for (const path of paths) await rm(path, { force: true });
      },
    };
  },
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
