import { z } from "zod";
import { findBucket } from "./buckets.ts";
import { type Call, type Handler, placeOf } from "./call.ts";
import { entityTooLarge, noContent } from "./errors.ts";
import type { Files } from "./files.ts";
import { requireAllowed } from "./mime-types.ts";
import { boundaryOf, readMultipart } from "./multipart.ts";
import { isEmptyFolder, requireKey } from "./names.ts";
import {
  type About,
  metadataOf,
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

/** Clients send seconds; what goes out again is a Cache-Control header. */
export const cacheControlOf = (seconds: string | undefined): string => {
  if (!seconds) return "no-cache";
  return /^-?\d+$/.test(seconds) ? `max-age=${seconds}` : seconds;
};

/** A file as it comes in; what a form says behind its file is known once the content is read. */
interface Incoming {
  mimetype: string;
  content: AsyncGenerator<Uint8Array>;
  about(): Pick<About, "cacheControl" | "userMetadata">;
}

const fromForm = async (call: Call, boundary: string): Promise<Incoming> => {
  const { fields, contentType, content } = await readMultipart(call.body.chunks(), boundary);
  const [mimetype = ""] = (fields.get("contentType") ?? contentType ?? "").split(";");
  return {
    mimetype: mimetype.trim() || "application/octet-stream",
    content,
    about: () => ({
      cacheControl: cacheControlOf(fields.get("cacheControl")),
      userMetadata: parseUserMetadata(fields.get("metadata") ?? fields.get("userMetadata")),
    }),
  };
};

const fromBody = ({ request: { headers }, body }: Call): Incoming => {
  const encoded = headers.get("x-metadata") ?? undefined;
  const about = {
    cacheControl: headers.get("cache-control") ?? "no-cache",
    userMetadata: parseUserMetadata(encoded && Buffer.from(encoded, "base64").toString("utf8")),
  };
  return {
    mimetype: headers.get("content-type") ?? "application/octet-stream",
    content: body.chunks(),
    about: () => about,
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
    admit: (place: Place) => Promise<unknown>,
  ): Promise<StoredObject> => {
    const bucket = await call.access.asService((session) => findBucket(session, place.bucket));
    requireKey(place.key);
    const incoming = await incomingOf(call);
    const { mimetype } = incoming;
    const placeholder = isEmptyFolder(place.key);
    if (!placeholder) requireAllowed(mimetype, bucket.allowed_mime_types);
    await admit(place);

    const limit = placeholder ? 0 : Math.min(bucket.file_size_limit ?? Infinity, fileSizeLimit);
    const file = await files.write(incoming.content, limit);
    const { cacheControl, userMetadata } = incoming.about();
    const metadata = metadataOf(file, { mimetype, cacheControl });
    const object = { ...place, version: file.version, owner, metadata, userMetadata };
    return files.keep(file, (replacing) =>
      call.access.asService((session) => putObject(session, object, upsert, replacing)),
    );
  };

  const asCaller =
    (upsert: (call: Call) => boolean): Handler =>
    async (call) => {
      const about = { owner: call.caller?.owner, upsert: upsert(call) };
      const { id, bucket_id, name } = await take(call, placeOf(call), about, (place) =>
        requireUpload(
          call.access,
          { ...place, ...about, version: "1", metadata: null },
          about.upsert,
        ),
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
      const { owner, upsert = false } = await signatures.verify(token, place);
      const { bucket_id, name } = await take(call, place, { owner, upsert }, async () => undefined);
      return Response.json({ Key: `${bucket_id}/${name}` });
    },
  };
};
