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

/** Table and id of a line, still quoted: enough to tell which lines were superseded, unparsed. */
const KEY = /^\["\w+","(?:[^"\\]|\\.)*",/;

const readFileIfAny = (file: string): Promise<string> =>
  readFile(file, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });

/** The latest line of every record that still exists, in the order the records were made. */
const latestLines = (content: string): string[] => {
  // What follows the last line end was cut off when the process was killed while writing it.
  const whole = content.split("\n").slice(0, -1);
  const latest = new Map<string, string>();
  for (const line of whole) {
    const [key] = KEY.exec(line) ?? [];
    if (key !== undefined) latest.set(key, line);
  }
  return [...latest].filter(([key, line]) => line !== `${key}null]`).map(([, line]) => line);
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
  const lines = latestLines(await readFileIfAny(file));
  const restored = lines.map((line) => Line.parse(JSON.parse(line)));
  await writeFile(`${file}.new`, lines.map((line) => `${line}\n`).join(""));
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
