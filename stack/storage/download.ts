import { findBucket } from "./buckets.ts";
import { type Call, type Handler, placeOf } from "./call.ts";
import { fileMissing, noSuchBucket, preconditionFailed } from "./errors.ts";
import type { Files, OpenFile } from "./files.ts";
import { requireKey } from "./names.ts";
import { findObject, type Place, type StoredObject } from "./objects.ts";
import { type ByteRange, parseRange } from "./range.ts";
import type { Signatures } from "./signatures.ts";

/** What an answer says of its object, whatever part of it follows. */
export const headersOf = ({ metadata, updated_at }: StoredObject): Headers => {
  const modified = new Date(metadata?.lastModified ?? updated_at);
  const mimetype = metadata?.mimetype ?? "application/octet-stream";
  return new Headers({
    "accept-ranges": "bytes",
    // A page of a stranger's must not run at the project's own address.
    "content-type": mimetype.includes("text/html") ? "text/plain" : mimetype,
    "cache-control": metadata?.cacheControl ?? "no-cache",
    "last-modified": modified.toUTCString(),
    "x-robots-tag": "none",
    ...(metadata?.eTag && { etag: metadata.eTag }),
  });
};

const bareTag = (tag: string): string =>
  tag
    .trim()
    .replace(/^W\//, "")
    .replace(/^"(.*)"$/, "$1");

/** Whether a list of entity tags, quoted or not, names this one. */
const namesTag = (list: string, headers: Headers): boolean => {
  const etag = bareTag(headers.get("etag") ?? "");
  // Commas may be part of a quoted tag.
  const tags = (list.match(/(?:"[^"]*"|[^,])+/g) ?? []).map((tag) => tag.trim());
  return tags.some((tag) => tag === "*" || bareTag(tag) === etag);
};

const changedAfter = (headers: Headers, date: string | null): boolean | null => {
  const moment = Date.parse(date ?? "");
  return Number.isNaN(moment) ? null : Date.parse(headers.get("last-modified") ?? "") > moment;
};

/** Whether the client's copy is still good. */
export const isUnchanged = (request: Request, headers: Headers): boolean => {
  const known = request.headers.get("if-none-match");
  if (known !== null) return namesTag(known, headers);
  return changedAfter(headers, request.headers.get("if-modified-since")) === false;
};

/** Whether the client wants another version than this one, or none newer. */
const isUnwanted = (request: Request, headers: Headers): boolean => {
  const wanted = request.headers.get("if-match");
  if (wanted !== null) return !namesTag(wanted, headers);
  return changedAfter(headers, request.headers.get("if-unmodified-since")) === true;
};

/** The `download` parameter as a Content-Disposition header. */
export const setDisposition = ({ url }: Call, headers: Headers): void => {
  const name = url.searchParams.get("download");
  if (name === null) return;
  const encoded = encodeURIComponent(name);
  headers.set(
    "content-disposition",
    name === "" ? "attachment;" : `attachment; filename=${encoded}; filename*=UTF-8''${encoded}`,
  );
};

/** An If-Range that names another version makes the Range void. */
const rangeOf = ({ request }: Call, headers: Headers): string | null => {
  const condition = request.headers.get("if-range");
  const holds =
    !condition || [headers.get("etag"), headers.get("last-modified")].includes(condition);
  return holds ? request.headers.get("range") : null;
};

/** The part of the file that is asked for; closes the file when there is no such part. */
const rangeIn = async (file: OpenFile, header: string | null): Promise<ByteRange | null> => {
  try {
    return parseRange(header, file.size);
  } catch (error) {
    await file.close();
    throw error;
  }
};

const infoOf = (object: StoredObject) => ({
  id: object.id,
  name: object.name,
  version: object.version,
  bucket_id: object.bucket_id,
  size: object.metadata?.size ?? null,
  content_type: object.metadata?.mimetype ?? null,
  cache_control: object.metadata?.cacheControl ?? null,
  etag: object.metadata?.eTag ?? null,
  metadata: object.user_metadata,
  last_modified: object.updated_at,
  created_at: object.created_at,
});

/** Finds the object that a call may read; each kind of address has its own way in. */
export type Finder = (call: Call) => Promise<StoredObject>;

const requiredPlace = (call: Call): Place => {
  const place = placeOf(call);
  requireKey(place.key);
  return place;
};

/** The object behind a public address: the bucket decides, no policy is asked. */
export const findPublic: Finder = (call) => {
  const place = requiredPlace(call);
  return call.access.asService(async (session) => {
    if (!(await findBucket(session, place.bucket)).public) throw noSuchBucket();
    return findObject(session, place);
  });
};

/** The object that the caller's policies show; a public bucket's are everybody's. */
export const findForCaller: Finder = async (call) => {
  const place = requiredPlace(call);
  const open = await call.access.asService(async (session) => {
    const bucket = await findBucket(session, place.bucket);
    return bucket.public ? await findObject(session, place) : null;
  });
  if (open) return open;
  if (!call.caller) throw noSuchBucket();
  return call.access.asCaller((session) => findObject(session, place));
};

/** The object that a signed address names, and until when. */
export const findSigned = async (signatures: Signatures, call: Call) => {
  const place = requiredPlace(call);
  const signed = await signatures.verify(call.url.searchParams.get("token"), place, "download");
  const object = await call.access.asService((session) => findObject(session, place));
  return { object, signed };
};

export const downloadRoutes = (files: Files, signatures: Signatures) => {
  const answer = async (call: Call, object: StoredObject, headers: Headers): Promise<Response> => {
    setDisposition(call, headers);
    if (isUnwanted(call.request, headers)) throw preconditionFailed();
    if (isUnchanged(call.request, headers)) return new Response(null, { status: 304, headers });
    const file = await files.open(object.version);
    if (!file) throw fileMissing();
    const range = await rangeIn(file, rangeOf(call, headers));
    const { start, end } = range ?? { start: 0, end: file.size - 1 };
    headers.set("content-length", String(end - start + 1));
    if (range) headers.set("content-range", `bytes ${start}-${end}/${file.size}`);
    return new Response(file.stream(start, end), { status: range ? 206 : 200, headers });
  };

  const content =
    (find: Finder): Handler =>
    async (call) => {
      const object = await find(call);
      return answer(call, object, headersOf(object));
    };

  const head =
    (find: Finder): Handler =>
    async (call) => {
      const object = await find(call);
      const headers = headersOf(object);
      setDisposition(call, headers);
      if (isUnchanged(call.request, headers)) return new Response(null, { status: 304, headers });
      headers.set("content-length", String(object.metadata?.size ?? 0));
      return new Response(null, { headers });
    };

  const info =
    (find: Finder): Handler =>
    async (call) => {
      const object = await find(call);
      const headers = headersOf(object);
      for (const name of ["accept-ranges", "content-type", "x-robots-tag"]) headers.delete(name);
      return Response.json(infoOf(object), { headers });
    };

  const signed: Handler = async (call) => {
    const { object, signed: address } = await findSigned(signatures, call);
    const headers = headersOf(object);
    headers.delete("cache-control");
    headers.set("expires", new Date(address.exp * 1000).toUTCString());
    return answer(call, object, headers);
  };

  return { content, head, info, signed };
};
