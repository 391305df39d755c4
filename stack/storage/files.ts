import { createHash, randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, type FileHandle, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createDoubts, type Doubt } from "./doubts.ts";
import { entityTooLarge, StorageError } from "./errors.ts";
import { ignoringMissing } from "./missing.ts";

/** A file on disk that is in nobody's sight until `keep` puts it into place. */
export interface NewFile {
  /** Names the file; what goes into the row. */
  version: string;
  /** Bytes. */
  size: number;
  /** Hex MD5 of the content. */
  md5: string;
}

export interface OpenFile {
  /** Bytes. */
  size: number;
  /** The content from byte `start` to byte `end`, both included; the stream closes the file. */
  stream(start: number, end: number): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** For whoever does not stream. */
  close(): Promise<void>;
}

/** Names, before a transaction commits, the files that it takes the rows of. */
export type Replacing = (versions: readonly (string | null)[]) => Promise<void>;

export interface Files {
  /** Where resumable uploads lie until they are whole. */
  readonly uploads: string;
  /** Takes content in, at most `limit` bytes; throws `entityTooLarge` and leaves nothing. */
  write(content: AsyncIterable<Uint8Array>, limit: number): Promise<NewFile>;
  /** Takes in a whole file of the same file system, as this version; the original stays. */
  adopt(path: string, version: string): Promise<NewFile>;
  /** Another file with the content of a version; null when that is not there. */
  copy(version: string | null): Promise<Pick<NewFile, "version"> | null>;
  /** Puts a new file into place while a transaction writes its row; when that fails, it goes. */
  keep<T>(file: Pick<NewFile, "version">, commit: (replacing: Replacing) => Promise<T>): Promise<T>;
  /** Runs a transaction that takes rows away, then removes the files that it named. */
  remove<T>(commit: (replacing: Replacing) => Promise<T>): Promise<T>;
  open(version: string | null): Promise<OpenFile | null>;
  /** Where a version lies, for readers that take nothing but paths. */
  path(version: string): string;
  /** Removes what a killed process left; `known` says which of the versions have a row. */
  recover(known: (versions: string[]) => Promise<ReadonlySet<string>>): Promise<void>;
}

/** Rows can be written in SQL too, so what they hold is no path until it looks like a version. */
const isVersion = (version: string | null): version is string =>
  version !== null && /^[0-9a-f-]{36}$/.test(version);

const hashOf = async (path: string): Promise<Pick<NewFile, "size" | "md5">> => {
  const hash = createHash("md5");
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, md5: hash.digest("hex") };
};

const sync = async (path: string) => {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Two names for one content where the file system can, since contents never change. */
const duplicate = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  }
};

const writeWhole = async (
  path: string,
  content: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Pick<NewFile, "size" | "md5">> => {
  const hash = createHash("md5");
  let size = 0;
  const file = await open(path, "wx");
  try {
    for await (const chunk of content) {
      size += chunk.byteLength;
      if (size > limit) throw entityTooLarge();
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { size, md5: hash.digest("hex") };
};

/** Bytes read at once. */
const chunkBytes = 128 * 1024;

const streamOf = (file: FileHandle, start: number, end: number) => {
  let position = start;
  const next = async () => {
    const length = Math.min(chunkBytes, end + 1 - position);
    if (length <= 0) return null;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead === 0) throw new Error("A stored file is shorter than it was.");
    position += bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const chunk = await next();
          if (chunk) return controller.enqueue(chunk);
          await file.close();
          controller.close();
        } catch (error) {
          await file.close();
          throw error;
        }
      },
      cancel: () => file.close(),
    },
    // Nothing is read before somebody takes it.
    { highWaterMark: 0 },
  );
};

const holdOpen = async (file: FileHandle): Promise<OpenFile> => {
  const { size } = await file.stat();
  return {
    size,
    stream: (start, end) => streamOf(file, start, end),
    close: () => file.close(),
  };
};

/**
 * Keeps files in a folder, each version once and never changed. A file is written aside, synced and
 * renamed into place before its row is committed, so a row that is seen has its file.
 */
export const openFiles = async (folder: string): Promise<Files> => {
  const drafts = join(folder, "drafts");
  const uploads = join(folder, "uploads");
  const notes = join(folder, "doubts");
  // Whoever wrote a draft is gone.
  await rm(drafts, { recursive: true, force: true });
  for (const one of [drafts, uploads, notes]) await mkdir(one, { recursive: true });
  const doubts = createDoubts(notes);

  const draftOf = (version: string) => join(drafts, version);
  const path = (version: string) => join(folder, "objects", version.slice(0, 2), version);

  const draft = async <T>(
    make: (path: string) => Promise<T>,
    version: string = randomUUID(),
  ): Promise<T & { version: string }> => {
    try {
      return { ...(await make(draftOf(version))), version };
    } catch (error) {
      await rm(draftOf(version), { force: true });
      throw error;
    }
  };

  /**
   * Runs `commit` and removes the files whose rows it took. An error that is no clear refusal (a
   * connection lost while committing) leaves the notes for `recover` to find out.
   */
  const remove: Files["remove"] = async (commit) => {
    const replaced: string[] = [];
    const noted: Doubt[] = [];
    const settle = () => Promise.all(noted.map((doubt) => doubt.settle()));
    try {
      const result = await commit(async (versions) => {
        const own = versions.filter(isVersion);
        if (own.length === 0) return;
        noted.push(await doubts.note(own));
        replaced.push(...own);
      });
      for (const version of replaced) await rm(path(version), { force: true });
      await settle();
      return result;
    } catch (error) {
      if (error instanceof StorageError) await settle();
      throw error;
    }
  };

  return {
    uploads,
    path,
    remove,
    write: (content, limit) => draft((to) => writeWhole(to, content, limit)),
    adopt: (from, version) =>
      draft(async (to) => {
        // An earlier attempt with this version may have left one.
        await rm(to, { force: true });
        await sync(from);
        await duplicate(from, to);
        return hashOf(to);
      }, version),
    copy: async (version) => {
      if (!isVersion(version)) return null;
      return ignoringMissing(
        draft(async (to) => {
          await duplicate(path(version), to);
          return {};
        }),
      );
    },
    keep: async ({ version }, commit) => {
      const doubt = await doubts.note([version]);
      await mkdir(dirname(path(version)), { recursive: true });
      await rename(draftOf(version), path(version));
      try {
        const result = await remove(commit);
        await doubt.settle();
        return result;
      } catch (error) {
        if (error instanceof StorageError) {
          await rm(path(version), { force: true });
          await doubt.settle();
        }
        throw error;
      }
    },
    open: async (version) => {
      if (!isVersion(version)) return null;
      const file = await ignoringMissing(open(path(version), "r"));
      return file && holdOpen(file);
    },
    recover: async (known) => {
      const left = await doubts.left();
      if (left.versions.length > 0) {
        const rows = await known(left.versions);
        for (const version of left.versions) {
          if (!rows.has(version)) await rm(path(version), { force: true });
        }
      }
      await left.forget();
    },
  };
};
