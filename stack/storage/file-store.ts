import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { z } from "zod";

const FileRecord = z.object({
  mimetype: z.string(),
  cacheControl: z.string(),
  /** Bytes. */
  size: z.number(),
  /** Hex MD5 of the content. */
  md5: z.string(),
  /** Milliseconds since 1970. */
  modifiedAt: z.number(),
});

/** What is known of a stored file besides its content. */
export type FileRecord = z.infer<typeof FileRecord>;

export type FileStream = ReadableStream<Uint8Array> | NodeReadableStream<Uint8Array>;

/** A file larger than the store takes. */
export class FileTooLarge extends Error {
  override name = "FileTooLarge";
  constructor(limit: number) {
    super(`The file is larger than ${limit} bytes.`);
  }
}

/** Keeps files by bucket and key. A write is seen whole or not at all. */
export interface FileStore {
  put(
    bucket: string,
    key: string,
    content: AsyncIterable<Uint8Array>,
    about: Pick<FileRecord, "mimetype" | "cacheControl">,
  ): Promise<FileRecord>;
  stat(bucket: string, key: string): Promise<FileRecord | null>;
  /** The record and content of one and the same version; null when there is no such file. */
  read(bucket: string, key: string): Promise<{ record: FileRecord; content: FileStream } | null>;
  delete(bucket: string, key: string): Promise<void>;
}

/** Passes chunks on while it counts, hashes and refuses what grows over the limit. */
const measured = (content: AsyncIterable<Uint8Array>, limit: number) => {
  const hash = createHash("md5");
  let size = 0;
  const chunks = async function* () {
    for await (const chunk of content) {
      size += chunk.byteLength;
      if (size > limit) throw new FileTooLarge(limit);
      hash.update(chunk);
      yield chunk;
    }
  };
  return { chunks, result: () => ({ size, md5: hash.digest("hex"), modifiedAt: Date.now() }) };
};

export interface MemoryFileStore extends FileStore {
  /** Number of files kept. */
  readonly count: number;
}

/** Keeps files for as long as the process lives. */
export const createMemoryFileStore = (limit = 50 * 1024 * 1024): MemoryFileStore => {
  const files = new Map<string, { record: FileRecord; content: Uint8Array<ArrayBuffer> }>();
  const place = (bucket: string, key: string) => JSON.stringify([bucket, key]);

  return {
    get count() {
      return files.size;
    },
    put: async (bucket, key, content, about) => {
      const { chunks, result } = measured(content, limit);
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks()) parts.push(chunk);
      const record = { ...about, ...result() };
      files.set(place(bucket, key), { record, content: new Uint8Array(Buffer.concat(parts)) });
      return record;
    },
    stat: async (bucket, key) => files.get(place(bucket, key))?.record ?? null,
    read: async (bucket, key) => {
      const file = files.get(place(bucket, key));
      return file ? { record: file.record, content: new Blob([file.content]).stream() } : null;
    },
    delete: async (bucket, key) => {
      files.delete(place(bucket, key));
    },
  };
};

const isMissing = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

/** Length of the number at a file's end that says how long the record before it is. */
const tailLength = 4;

const openStored = (path: string): Promise<FileHandle | null> =>
  open(path, "r").catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });

const readAt = async (file: FileHandle, position: number, length: number) => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error("A stored file ends before its record does.");
  return buffer;
};

const readRecord = async (file: FileHandle): Promise<FileRecord> => {
  const { size } = await file.stat();
  const length = (await readAt(file, size - tailLength, tailLength)).readUInt32BE();
  const record = await readAt(file, size - tailLength - length, length);
  return FileRecord.parse(JSON.parse(record.toString("utf8")));
};

const webStream = (stream: Readable): FileStream => Readable.toWeb(stream);

/**
 * Keeps files in a folder. Keys become hashed names, since a key may be both a file and the
 * "folder" of others, and may hold characters that a file system refuses. The record stands behind
 * the content in the same file, so that one rename publishes both.
 */
export const createFolderFileStore = (folder: string, limit: number): FileStore => {
  const place = (bucket: string, key: string) => {
    const name = createHash("sha256")
      .update(JSON.stringify([bucket, key]))
      .digest("hex");
    return join(folder, name.slice(0, 2), name);
  };

  const write = async (
    path: string,
    content: AsyncIterable<Uint8Array>,
    about: Pick<FileRecord, "mimetype" | "cacheControl">,
  ) => {
    const { chunks, result } = measured(content, limit);
    const file = await open(path, "wx");
    try {
      for await (const chunk of chunks()) await file.writeFile(chunk);
      const record = { ...about, ...result() };
      const tail = Buffer.from(JSON.stringify(record));
      const length = Buffer.alloc(tailLength);
      length.writeUInt32BE(tail.byteLength);
      await file.writeFile(Buffer.concat([tail, length]));
      await file.sync();
      return record;
    } finally {
      await file.close();
    }
  };

  return {
    put: async (bucket, key, content, about) => {
      const path = place(bucket, key);
      const draft = join(folder, `draft-${randomUUID()}`);
      await mkdir(dirname(path), { recursive: true });
      try {
        const record = await write(draft, content, about);
        await rename(draft, path);
        return record;
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    stat: async (bucket, key) => {
      const file = await openStored(place(bucket, key));
      if (!file) return null;
      try {
        return await readRecord(file);
      } finally {
        await file.close();
      }
    },
    read: async (bucket, key) => {
      const file = await openStored(place(bucket, key));
      if (!file) return null;
      try {
        const record = await readRecord(file);
        if (record.size > 0) {
          // The stream owns the open file from here and closes it.
          const stream = file.createReadStream({ start: 0, end: record.size - 1 });
          return { record, content: webStream(stream) };
        }
        await file.close();
        return { record, content: new Blob([]).stream() };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
    delete: (bucket, key) => rm(place(bucket, key), { force: true }),
  };
};
