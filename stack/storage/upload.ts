import { z } from "zod";
import { findBucket } from "./buckets.ts";
import { type Call, type Handler, placeOf } from "./call.ts";
import { entityTooLarge, noContent } from "./errors.ts";
import type { Files } from "./files.ts";
import { requireAllowed, requireContentType } from "./mime-types.ts";
import { boundaryOf, readMultipart } from "./multipart.ts";
import { isEmptyFolder, requireKey } from "./names.ts";
import {
  type About,
  type Metadata,
  metadataOf,
  type NewObject,
  type Place,
  putObject,
  requireUpload,
  type StoredObject,
  type UserMetadata,
} from "./objects.ts";
import type { Signatures } from "./signatures.ts";

export interface UploadPorts {
  files: Files;
  signatures: Signatures;
  /** Bytes; no bucket allows more. */
  fileSizeLimit: number;
}

/** Most bytes of what a client says of its own about a file. */
const userMetadataLimit = 1024 * 1024;

const UserMetadataText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("not JSON");
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.unknown()));

/** What is no JSON object is ignored, as Supabase Storage does. */
export const parseUserMetadata = (text: string | undefined): UserMetadata | undefined => {
  if (text === undefined) return undefined;
  if (Buffer.byteLength(text) > userMetadataLimit) throw entityTooLarge("user_metadata");
  return UserMetadataText.safeParse(text).data;
};

/** Forms send seconds; what goes out again is a Cache-Control header. */
const cacheControlOf = (seconds: string | undefined): string =>
  seconds && /^[\x20-\x7e]{1,255}$/.test(seconds) ? `max-age=${seconds}` : "no-cache";

/** What a request's headers say of a file, as far as policies may look at it before it is there. */
export const knownOf = (headers: Headers): Pick<About, "userMetadata"> & { metadata: Metadata } => {
  const length = headers.get("content-length");
  const encoded = headers.get("x-metadata") ?? undefined;
  return {
    metadata: {
      mimetype: headers.get("content-type") ?? undefined,
      contentLength: length === null ? undefined : Number(length),
    },
    userMetadata: parseUserMetadata(encoded && Buffer.from(encoded, "base64").toString("utf8")),
  };
};

/** A file as it comes in; what a form says behind its file is known once the content is read. */
interface Incoming {
  mimetype: string;
  content: AsyncGenerator<Uint8Array>;
  about(): Pick<About, "cacheControl" | "userMetadata">;
}

const fromForm = async (call: Call, boundary: string): Promise<Incoming> => {
  const { fields, contentType, content } = await readMultipart(call.body.chunks(), boundary);
  const [partType = ""] = (contentType ?? "").split(";");
  return {
    mimetype: fields.get("contentType") || partType.trim() || "application/octet-stream",
    content,
    about: () => ({
      cacheControl: cacheControlOf(fields.get("cacheControl")),
      userMetadata: parseUserMetadata(fields.get("metadata") ?? fields.get("userMetadata")),
    }),
  };
};

const fromBody = ({ request: { headers }, body }: Call): Incoming => {
  const { userMetadata } = knownOf(headers);
  const cacheControl = headers.get("cache-control") ?? "no-cache";
  return {
    mimetype: requireContentType(headers.get("content-type") ?? "application/octet-stream"),
    content: body.chunks(),
    about: () => ({ cacheControl, userMetadata }),
  };
};

const incomingOf = async (call: Call): Promise<Incoming> => {
  const contentType = call.request.headers.get("content-type") ?? "";
  if (!contentType.startsWith("multipart/form-data")) return fromBody(call);
  const boundary = boundaryOf(contentType);
  if (!boundary) throw noContent("Multipart: Boundary not found");
  return fromForm(call, boundary);
};

/** Uploads in one request, whole in the body or as the file of a form. */
export const uploadRoutes = ({ files, signatures, fileSizeLimit }: UploadPorts) => {
  /** Policies and limits are asked first; then the file is written, its row last. */
  const take = async (
    call: Call,
    place: Place,
    { owner, upsert }: Pick<About, "owner" | "upsert">,
    admit: (about: Pick<NewObject, "metadata" | "userMetadata">) => Promise<unknown>,
  ): Promise<StoredObject> => {
    const bucket = await call.access.asService((session) => findBucket(session, place.bucket));
    requireKey(place.key);
    const incoming = await incomingOf(call);
    const { mimetype } = incoming;
    const placeholder = isEmptyFolder(place.key);
    requireAllowed(mimetype, placeholder ? null : bucket.allowed_mime_types);
    await admit({
      metadata: { ...knownOf(call.request.headers).metadata, mimetype },
      userMetadata: incoming.about().userMetadata,
    });

    const limit = placeholder ? 0 : Math.min(bucket.file_size_limit ?? Infinity, fileSizeLimit);
    const file = await files.write(incoming.content, limit);
    return files.keep(file, (replacing) => {
      const { cacheControl, userMetadata = {} } = incoming.about();
      const metadata = metadataOf(file, { mimetype, cacheControl });
      const object = { ...place, version: file.version, owner, metadata, userMetadata };
      return call.access.asService((session) => putObject(session, object, upsert, replacing));
    });
  };

  const asCaller =
    (upsert: (call: Call) => boolean): Handler =>
    async (call) => {
      const about = { owner: call.caller?.owner, upsert: upsert(call) };
      const place = placeOf(call);
      const { id, bucket_id, name } = await take(call, place, about, (known) =>
        requireUpload(call.access, { ...place, ...about, ...known, version: "1" }, about.upsert),
      );
      return Response.json({ Id: id, Key: `${bucket_id}/${name}` });
    };

  return {
    create: asCaller(({ request }) => request.headers.get("x-upsert") === "true"),
    update: asCaller(() => true),

    /** By a signed address: policies were asked when it was signed. */
    signed: async (call: Call): Promise<Response> => {
      const place = placeOf(call);
      const token = call.url.searchParams.get("token");
      const { owner, upsert = false } = await signatures.verify(token, place, "upload");
      const { bucket_id, name } = await take(call, place, { owner, upsert }, async () => undefined);
      return Response.json({ Key: `${bucket_id}/${name}` });
    },
  };
};
