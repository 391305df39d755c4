import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Server } from "@tus/server";
import { findBucket } from "./buckets.ts";
import type { Call, Handler } from "./call.ts";
import { invalidSignature, StorageError } from "./errors.ts";
import type { Files } from "./files.ts";
import { requireAllowed } from "./mime-types.ts";
import { requireBucketName, requireKey } from "./names.ts";
import { type About, metadataOf, type Place, putObject, requireUpload } from "./objects.ts";
import type { Signatures } from "./signatures.ts";
import { parseUserMetadata } from "./upload.ts";
import { createUploadRecords, type UploadRecord } from "./upload-records.ts";

/** How long an upload may take. */
const expiryMs = 24 * 60 * 60 * 1000;

const sweepEveryMs = 60 * 60 * 1000;

const basePath = "/storage/v1/upload/resumable";

export interface ResumablePorts {
  files: Files;
  signatures: Signatures;
  /** Bytes; no bucket allows more. */
  fileSizeLimit: number;
  log(message: string): void;
}

export interface Resumable {
  /** For callers, under their policies. */
  handle: Handler;
  /** For whoever has a signed upload address, by its token in `x-signature`. */
  handleSigned: Handler;
  stop(): void;
}

type ClientMetadata = Readonly<Record<string, string | null>>;

/** What a client says of an upload before it is there. */
interface Announced {
  metadata?: ClientMetadata | undefined;
  /** Bytes; absent until the client says it. */
  size?: number | undefined;
}

/** One request, as the protocol's hooks need it. */
interface Context {
  call: Call;
  signed: boolean;
}

const placeIn = (metadata: ClientMetadata | undefined): Place => {
  if (!metadata) throw new StorageError(400, "InvalidRequest", "Metadata header is required");
  return {
    bucket: requireBucketName(metadata.bucketName ?? ""),
    key: requireKey(metadata.objectName ?? ""),
  };
};

const idAtStart = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=$|\?)/;

/**
 * Resumable uploads by the TUS protocol (https://tus.io): what arrives is kept beside the stored
 * files, and becomes an object once it is whole. Policies are asked at every request that writes.
 */
export const createResumable = (ports: ResumablePorts): Resumable => {
  const { files, signatures, fileSizeLimit, log } = ports;
  const records = createUploadRecords(files.uploads);
  const contexts = new WeakMap<Request, Context>();
  const finishing = new Map<string, Promise<void>>();

  const sweep = () =>
    records.sweep(expiryMs).catch((error: unknown) => log(`Sweeping uploads failed: ${error}`));
  void sweep();
  const timer = setInterval(() => void sweep(), sweepEveryMs);
  timer.unref();

  const contextOf = (request: Request): Context => {
    const context = contexts.get(request);
    if (!context) throw new Error("A resumable upload lost its context.");
    return context;
  };

  const bucketOf = ({ call }: Context, { bucket }: Place) =>
    call.access.asService((session) => findBucket(session, bucket));

  const limitFor = async (context: Context, place: Place) =>
    Math.min((await bucketOf(context, place)).file_size_limit ?? Infinity, fileSizeLimit);

  /** Whether the request may write to the place, and how: by its signature, or by its policies. */
  const admit = async (
    { call, signed }: Context,
    place: Place,
    { metadata = {}, size }: Announced,
  ): Promise<Pick<About, "owner" | "upsert">> => {
    if (signed) {
      const token = call.request.headers.get("x-signature");
      if (!token) throw invalidSignature("Missing x-signature header");
      const { owner, upsert = false } = await signatures.verify(token, place, "upload");
      return { owner, upsert };
    }
    const owner = call.caller?.owner;
    const upsert = call.request.headers.get("x-upsert") === "true";
    const known = {
      metadata: { mimetype: metadata.contentType ?? undefined, contentLength: size },
      userMetadata: parseUserMetadata(metadata.metadata ?? undefined),
    };
    await requireUpload(call.access, { ...place, ...known, owner, version: "1" }, upsert);
    return { owner, upsert };
  };

  /** Whether a run that was cut short wrote the row already. */
  const hasRow = async ({ call }: Context, version: string): Promise<boolean> => {
    const { rows } = await call.access.asService((session) =>
      session.query("select from storage.objects where version = $1", [version]),
    );
    return rows.length > 0;
  };

  /** Makes the object of a whole upload. One that is refused is dropped, so nobody resumes it. */
  const finish = async (context: Context, record: UploadRecord): Promise<void> => {
    const place = placeIn(record.metadata);
    const { metadata = {} } = record;
    const data = join(files.uploads, record.id);
    try {
      if (!(await hasRow(context, record.id))) {
        const { owner, upsert } = await admit(context, place, record);
        const file = await files.adopt(data, record.id);
        const object = {
          ...place,
          version: file.version,
          owner,
          metadata: metadataOf(file, {
            mimetype: metadata.contentType ?? "application/octet-stream",
            cacheControl: metadata.cacheControl ?? "no-cache",
          }),
          userMetadata: parseUserMetadata(metadata.metadata ?? undefined) ?? {},
        };
        await files.keep(file, (replacing) =>
          context.call.access.asService((session) => putObject(session, object, upsert, replacing)),
        );
      }
      await records.set({ ...record, finished: true });
    } catch (error) {
      if (error instanceof StorageError && error.status < 500) {
        await records.delete(record.id);
        await rm(data, { force: true });
      }
      throw error;
    }
  };

  const finishOnce = async (context: Context, id: string): Promise<void> => {
    const record = await records.get(id);
    if (!record || record.finished) return;
    const running = finishing.get(id) ?? finish(context, record);
    finishing.set(id, running);
    try {
      await running;
    } finally {
      finishing.delete(id);
    }
  };

  /** A client that lost the last answer asks how far it came: make sure that the object stands. */
  const finishIfWhole = async (context: Context, record: UploadRecord) => {
    if (record.finished || record.size === undefined) return;
    if ((await records.arrived(record.id)) === record.size) await finishOnce(context, record.id);
  };

  const start = async (): Promise<Server> => {
    const [{ Metadata, Server: TusServer, Upload }, { FileStore }] = await Promise.all([
      import("@tus/server"),
      import("@tus/file-store"),
    ]);

    const clientMetadata = (request: Request): ClientMetadata | undefined => {
      const header = request.headers.get("upload-metadata");
      return header ? Metadata.parse(header) : undefined;
    };

    const announcedIn = async (request: Request, id: string | null): Promise<Announced | null> => {
      if (request.method !== "POST") return id ? records.get(id) : null;
      const length = request.headers.get("upload-length");
      return {
        metadata: clientMetadata(request),
        size: length === null ? undefined : Number(length),
      };
    };

    return new TusServer({
      path: basePath,
      datastore: new FileStore({
        directory: files.uploads,
        expirationPeriodInMilliseconds: expiryMs,
        configstore: {
          get: async (id) => {
            const record = await records.get(id);
            if (!record) return undefined;
            const { size, metadata, ...rest } = record;
            return new Upload({
              ...rest,
              offset: 0,
              ...(size !== undefined && { size }),
              ...(metadata && { metadata }),
            });
          },
          set: async (id, { size, metadata, creation_date }) => {
            await records.set({
              id,
              size,
              metadata,
              creation_date: creation_date ?? new Date().toISOString(),
              finished: false,
            });
          },
          delete: (id) => records.delete(id),
        },
      }),
      disableTerminationForFinishedUploads: true,
      respectForwardedHeaders: true,
      namingFunction: () => randomUUID(),
      generateUrl: (request, { proto, host, id }) =>
        `${proto}://${host}${basePath}${contextOf(request).signed ? "/sign" : ""}/${id}`,
      getFileIdFromRequest: (_request, last) => idAtStart.exec(last ?? "")?.[0],
      maxSize: async (request, id) => {
        const announced = await announcedIn(request, id);
        return announced
          ? limitFor(contextOf(request), placeIn(announced.metadata))
          : fileSizeLimit;
      },
      onIncomingRequest: async (request, id) => {
        const context = contextOf(request);
        const announced = await announcedIn(request, id);
        if (!announced) return;
        const place = placeIn(announced.metadata);
        if (request.method !== "HEAD" || context.signed) await admit(context, place, announced);
        const record = request.method === "HEAD" ? await records.get(id) : null;
        if (record) await finishIfWhole(context, record);
      },
      onUploadCreate: async (request, upload) => {
        const place = placeIn(upload.metadata);
        const { allowed_mime_types } = await bucketOf(contextOf(request), place);
        const { contentType, cacheControl } = upload.metadata ?? {};
        if (contentType) requireAllowed(contentType, allowed_mime_types);
        const seconds = /^-?\d+$/.test(cacheControl ?? "");
        return {
          metadata: {
            ...upload.metadata,
            cacheControl: seconds ? `max-age=${cacheControl}` : "no-cache",
          },
        };
      },
      onUploadFinish: async (request, { id }) => {
        await finishOnce(contextOf(request), id);
        return { headers: { "Tus-Complete": "1" } };
      },
      onResponseError: (_request, error) => {
        if (error instanceof StorageError) {
          return { status_code: error.status, body: error.message };
        }
        if (!(error instanceof Error)) return undefined;
        log(`A resumable upload failed: ${error.stack}`);
        return { status_code: 500, body: "Internal Server Error" };
      },
    });
  };

  let server: Promise<Server> | undefined;

  const handle =
    (signed: boolean): Handler =>
    async (call) => {
      contexts.set(call.request, { call, signed });
      server ??= start();
      return (await server).handleWeb(call.request);
    };

  return {
    handle: handle(false),
    handleSigned: handle(true),
    stop: () => clearInterval(timer),
  };
};
