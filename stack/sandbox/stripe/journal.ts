import { mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

/** One change: table, id, and the record as it is now (null: removed). */
export type Entry = readonly [table: string, id: string, record: unknown];

export interface Journal {
  /** What was in the file when it was opened, one entry per record, in the order they were made. */
  readonly restored: readonly Entry[];
  /** Notes that a record changed; `read` is called when the change is written, not before. */
  note(table: string, id: string, read: () => unknown): void;
  /** Resolves when everything noted so far stands in the file. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

const Line = z.tuple([z.string(), z.string(), z.unknown()]);

const parseLine = (line: string): Entry | undefined => {
  try {
    return Line.safeParse(JSON.parse(line)).data;
  } catch {
    // The last line of a process that was killed while writing it.
    return undefined;
  }
};

const readEntries = async (file: string): Promise<Entry[]> => {
  const content = await readFile(file, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  const latest = new Map<string, Entry>();
  for (const line of content.split("\n")) {
    const entry = line === "" ? undefined : parseLine(line);
    if (entry) latest.set(`${entry[0]} ${entry[1]}`, entry);
  }
  return [...latest.values()].filter(([, , record]) => record !== null);
};

/** A journal that keeps nothing, for stacks that live in memory. */
export const memoryJournal = (): Journal => ({
  restored: [],
  note: () => {},
  flushed: async () => {},
  close: async () => {},
});

/**
 * An append-only file of JSON lines. It is rewritten without what was superseded when it is opened;
 * changes made between two writes go out as one.
 */
export const openJournal = async (file: string): Promise<Journal> => {
  await mkdir(dirname(file), { recursive: true });
  const restored = await readEntries(file);
  const compacted = restored.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  await writeFile(`${file}.new`, compacted);
  await rename(`${file}.new`, file);
  const handle = await open(file, "a");

  const changed = new Map<string, () => Entry>();
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (changed.size > 0) {
      const entries = [...changed.values()].map((read) => `${JSON.stringify(read())}\n`);
      changed.clear();
      await handle.appendFile(entries.join(""));
    }
  };
  const flushed = () => {
    if (changed.size === 0 && !writing) return Promise.resolve();
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  return {
    restored,
    note: (table, id, read) => {
      changed.set(`${table} ${id}`, () => [table, id, read() ?? null]);
    },
    flushed,
    close: async () => {
      await flushed();
      await handle.close();
    },
  };
};
