import type { App } from "@supabase/lite";
import type { FileRecord, FileStore } from "./file-store.ts";

export type LiteStorageAdapter = NonNullable<App["_storageAdapter"]>;

type Body = Parameters<LiteStorageAdapter["uploadObject"]>[3];

const chunksOf = async function* (body: Body): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!(value instanceof Uint8Array)) throw new TypeError("An upload must be a stream of bytes.");
    yield value;
  }
};

const metadataOf = (record: FileRecord) => ({
  cacheControl: record.cacheControl,
  contentLength: record.size,
  size: record.size,
  mimetype: record.mimetype,
  lastModified: new Date(record.modifiedAt),
  eTag: `"${record.md5}"`,
  httpStatusCode: 200,
});

/** A record without its file: only possible when the storage folder was tampered with. */
class FileMissing extends Error {
  override name = "FileMissing";
  constructor(bucket: string, key: string) {
    super(`The file behind ${bucket}/${key} is missing from the storage folder.`);
  }
}

/** Clients send seconds; what goes out again is a Cache-Control header. */
const cacheControlOf = (sent: string) => (/^\d+$/.test(sent) ? `max-age=${sent}` : sent);

/** lite's storage on one of our file stores. */
export const createStorageAdapter = (files: FileStore): LiteStorageAdapter => ({
  driver: files,

  getObject: async (bucket, key) => {
    const file = await files.read(bucket, key);
    if (!file) throw new FileMissing(bucket, key);
    return { metadata: metadataOf(file.record), httpStatusCode: 200, body: file.content };
  },

  headObject: async (bucket, key) => {
    const record = await files.stat(bucket, key);
    if (!record) throw new FileMissing(bucket, key);
    return metadataOf(record);
  },

  uploadObject: async (bucket, key, _version, body, contentType, cacheControl) =>
    metadataOf(
      await files.put(bucket, key, chunksOf(body), {
        mimetype: contentType,
        cacheControl: cacheControlOf(cacheControl),
      }),
    ),

  copyObject: async (bucket, key, _version, toBucket, toKey) => {
    const file = await files.read(bucket, key);
    if (!file) throw new FileMissing(bucket, key);
    const { mimetype, cacheControl } = file.record;
    const record = await files.put(toBucket, toKey, chunksOf(file.content), {
      mimetype,
      cacheControl,
    });
    const { eTag, lastModified } = metadataOf(record);
    return { httpStatusCode: 200, eTag, lastModified };
  },

  deleteObject: (bucket, key) => files.delete(bucket, key),

  deleteObjects: async (bucket, keys) => {
    for (const key of keys) await files.delete(bucket, key);
  },

  privateAssetUrl: async (bucket, key) => `storage:///${bucket}/${key}`,
});
