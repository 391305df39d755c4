import { z } from "zod";
import { type Call, type Handler, jsonBody, placeOf } from "./call.ts";
import { accessDenied, fileMissing, noSuchKey } from "./errors.ts";
import type { Files } from "./files.ts";
import { requireAllowed } from "./mime-types.ts";
import { requireBucketName, requireKey } from "./names.ts";
import { deleteObjects, findObject, type Place, putObject, requireUpload } from "./objects.ts";
import { knownOf } from "./upload.ts";

const Names = z.object({ prefixes: z.array(z.string()).min(1).max(1000) });

const Move = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationBucket: z.string().optional(),
  destinationKey: z.string(),
});

const Copy = Move.extend({
  copyMetadata: z.boolean().default(true),
  metadata: z
    .object({ cacheControl: z.string().optional(), mimetype: z.string().optional() })
    .optional(),
});

const placesOf = (body: z.infer<typeof Move>): { source: Place; target: Place } => ({
  source: { bucket: requireBucketName(body.bucketId), key: body.sourceKey },
  target: {
    bucket: requireBucketName(body.destinationBucket ?? body.bucketId),
    key: requireKey(body.destinationKey),
  },
});

/** Deleting, moving and copying what is stored. */
export const objectRoutes = (files: Files) => {
  const removeMany: Handler = async (call) => {
    const bucket = requireBucketName(call.params.bucket ?? "");
    const { prefixes } = await jsonBody(call, Names);
    const removed = await files.remove((replacing) =>
      call.access.asCaller((session) => deleteObjects(session, bucket, prefixes, replacing)),
    );
    return Response.json(removed);
  };

  const removeOne: Handler = async (call) => {
    const { bucket, key } = placeOf(call);
    await call.access.asService((session) => findObject(session, { bucket, key }));
    const removed = await files.remove((replacing) =>
      call.access.asCaller((session) => deleteObjects(session, bucket, [key], replacing)),
    );
    if (removed.length === 0) throw accessDenied("Access denied");
    return Response.json({ message: "Successfully deleted" });
  };

  /** Only the row changes: a file's place is its version. */
  const move: Handler = async (call) => {
    const { source, target } = placesOf(await jsonBody(call, Move));
    const owner = call.caller?.owner;
    const { rows } = await call.access.asCaller((session) =>
      session.query(
        `update storage.objects set
           bucket_id = $3, name = $4, owner_id = coalesce($5::text, owner_id),
           owner = case when $5::text ~ '^[0-9a-fA-F-]{36}$' then $5::text::uuid else owner end
         where bucket_id = $1 and name = $2
         returning id`,
        [source.bucket, source.key, target.bucket, target.key, owner ?? null],
      ),
    );
    if (!rows[0]) throw noSuchKey();
    return Response.json({ message: "Successfully moved" });
  };

  const copy = async (call: Call): Promise<Response> => {
    const body = await jsonBody(call, Copy);
    const { source, target } = placesOf(body);
    const given = (!body.copyMetadata && body.metadata) || {};
    if (given.mimetype !== undefined) requireAllowed(given.mimetype, null);
    const owner = call.caller?.owner;
    const { headers } = call.request;
    const upsert = headers.get("x-upsert") === "true";
    const original = await call.access.asCaller((session) => findObject(session, source));
    const metadata = { ...original.metadata, ...given };
    const userMetadata = body.copyMetadata ? original.user_metadata : knownOf(headers).userMetadata;
    const known = { metadata, userMetadata };
    await requireUpload(call.access, { ...target, ...known, owner, version: "1" }, upsert);
    const file = await files.copy(original.version);
    if (!file) throw fileMissing();
    const object = {
      ...target,
      version: file.version,
      owner,
      metadata: { ...metadata, lastModified: new Date().toISOString() },
      userMetadata,
    };
    const copied = await files.keep(file, (replacing) =>
      call.access.asService((session) => putObject(session, object, upsert, replacing)),
    );
    return Response.json({ Id: copied.id, Key: `${target.bucket}/${target.key}`, ...copied });
  };

  return { removeMany, removeOne, move, copy };
};
