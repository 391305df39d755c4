import { z } from "zod";
import {
  type BucketFields,
  columns,
  findBucket,
  jsonOf,
  parseBucket,
  textArray,
} from "./buckets.ts";
import { type Call, type Handler, jsonBody, queryOf } from "./call.ts";
import {
  accessDenied,
  bucketNotEmpty,
  entityTooLarge,
  invalidBucketName,
  invalidFileSizeLimit,
  noContent,
  noSuchBucket,
} from "./errors.ts";
import type { Files } from "./files.ts";
import { listable } from "./mime-types.ts";
import { requireBucketName } from "./names.ts";

const Fields = z.object({
  public: z.boolean().optional(),
  file_size_limit: z.union([z.int().min(0), z.string()]).nullish(),
  allowed_mime_types: z.array(z.string()).nullish(),
});

const NewBucket = Fields.extend({ name: z.string(), id: z.string().optional() });

const Listing = z.object({
  limit: z.coerce.number().int().min(1).optional(),
  offset: z.coerce.number().int().min(0).optional(),
  search: z.string().optional(),
  sortColumn: z.enum(["id", "name", "created_at", "updated_at"]).default("name"),
  sortOrder: z.enum(["asc", "desc"]).default("asc"),
});

const units: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** Bytes of `20MB` and the like, as clients of Storage write sizes. */
const bytesOf = (size: string): number => {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(gb|mb|kb|b)$/i.exec(size) ?? [];
  const factor = units[unit.toLowerCase()];
  if (!amount || !factor) throw invalidFileSizeLimit();
  return Math.round(Number(amount) * factor);
};

const message = (text: string) => Response.json({ message: text });

export interface BucketPorts {
  files: Files;
  /** Bytes; no bucket allows more. */
  fileSizeLimit: number;
}

/** The bucket API, under the policies of storage.buckets. */
export const bucketRoutes = ({ files, fileSizeLimit }: BucketPorts) => {
  const fieldsOf = (body: z.infer<typeof Fields>): BucketFields => {
    const { file_size_limit: size, allowed_mime_types: types } = body;
    const bytes = typeof size === "string" ? bytesOf(size) : size;
    if (typeof bytes === "number" && bytes > fileSizeLimit) throw entityTooLarge();
    return {
      public: body.public,
      file_size_limit: bytes,
      allowed_mime_types: types && listable(types),
    };
  };

  const list: Handler = async (call) => {
    const { limit, offset, search, sortColumn, sortOrder } = queryOf(call, Listing);
    const { rows } = await call.access.asCaller((session) =>
      session.query(
        `select ${columns} from storage.buckets
         where $1::text is null or strpos(lower(name), lower($1)) > 0
         order by ${sortColumn} ${sortOrder} limit $2::integer offset $3::integer`,
        [search ?? null, limit ?? null, offset ?? 0],
      ),
    );
    return Response.json(rows.map(parseBucket));
  };

  const get: Handler = async ({ access, params }) => {
    const bucket = await access.asCaller((session) => findBucket(session, params.bucket ?? ""));
    const { type: _, ...shown } = bucket;
    return Response.json(shown);
  };

  const create: Handler = async (call) => {
    const body = await jsonBody(call, NewBucket);
    const { name, id = name } = body;
    if (name.trim() !== name) throw invalidBucketName();
    requireBucketName(name);
    requireBucketName(id);
    const fields = fieldsOf(body);
    const owner = call.caller?.owner ?? null;
    await call.access.asCaller((session) =>
      session.query(
        `insert into storage.buckets
           (id, name, public, file_size_limit, allowed_mime_types, owner, owner_id)
         values ($1, $2, $3, $4, ${textArray("$5")},
           case when $6::text ~ '^[0-9a-fA-F-]{36}$' then $6::text::uuid end, $6::text)`,
        [
          id,
          name,
          fields.public ?? false,
          fields.file_size_limit ?? null,
          jsonOf(fields.allowed_mime_types),
          owner,
        ],
      ),
    );
    return Response.json({ name });
  };

  const update: Handler = async (call) => {
    const fields = fieldsOf(await jsonBody(call, Fields));
    const given = (name: keyof BucketFields) => fields[name] !== undefined;
    if (!Object.values(fields).some((value) => value !== undefined)) throw noContent();
    const { affected } = await call.access.asCaller((session) =>
      session.query(
        `update storage.buckets set
           public = coalesce($2::boolean, public),
           file_size_limit = case when $3::boolean then $4::bigint else file_size_limit end,
           allowed_mime_types =
             case when $5::boolean then ${textArray("$6")} else allowed_mime_types end,
           updated_at = now()
         where id = $1`,
        [
          call.params.bucket,
          fields.public ?? null,
          given("file_size_limit"),
          fields.file_size_limit ?? null,
          given("allowed_mime_types"),
          jsonOf(fields.allowed_mime_types),
        ],
      ),
    );
    if (affected === 0) throw noSuchBucket();
    return message("Successfully updated");
  };

  /** Some at a time, so that the database is not held for long. */
  const emptySome = ({ access, params }: Call) =>
    files.remove((replacing) =>
      access.asService(async (session) => {
        const { rows } = await session.query<{ version: string | null }>(
          `delete from storage.objects where id in (
             select id from storage.objects where bucket_id = $1 order by name limit 500)
           returning version`,
          [params.bucket],
        );
        await replacing(rows.map(({ version }) => version));
        return rows.length;
      }),
    );

  /** Not for users, whatever their policies. It is done when the answer comes, which promises less. */
  const empty: Handler = async (call) => {
    if (call.caller?.role !== "service_role")
      throw accessDenied("Access denied: Invalid role", 403);
    await call.access.asCaller((session) => findBucket(session, call.params.bucket ?? ""));
    while ((await emptySome(call)) > 0);
    return message("Empty bucket has been queued. Completion may take up to an hour.");
  };

  const remove: Handler = async ({ access, params }) => {
    const { rows } = await access.asService((session) =>
      session.query(
        `select exists (select from storage.objects o where o.bucket_id = b.id) as filled
         from storage.buckets b where b.id = $1`,
        [params.bucket],
      ),
    );
    if (!rows[0]) throw noSuchBucket();
    if (rows[0].filled === true) throw bucketNotEmpty();
    const { affected } = await access.asCaller((session) =>
      session.query("delete from storage.buckets where id = $1", [params.bucket]),
    );
    if (affected === 0) throw noSuchBucket();
    return message("Successfully deleted");
  };

  return { list, get, create, update, empty, remove };
};
