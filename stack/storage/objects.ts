import { z } from "zod";
import type { Row, Session } from "../database/database.ts";
import type { Access } from "./access.ts";
import { noSuchKey } from "./errors.ts";
import type { NewFile, Replacing } from "./files.ts";

const Text = z.string().optional().catch(undefined);

/**
 * What a row says of its file; names as Supabase Storage keeps them. Rows can be written in SQL
 * too, so nothing relies on it.
 */
const Metadata = z.looseObject({
  eTag: Text,
  size: z.number().optional().catch(undefined),
  mimetype: Text,
  cacheControl: Text,
  lastModified: Text,
});

export type Metadata = z.infer<typeof Metadata>;

const UserMetadata = z.record(z.string(), z.unknown());

export type UserMetadata = z.infer<typeof UserMetadata>;

const StoredObject = z.object({
  id: z.string(),
  bucket_id: z.string(),
  name: z.string(),
  owner: z.string().nullable(),
  owner_id: z.string().nullable(),
  version: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  last_accessed_at: z.string(),
  metadata: Metadata.nullable(),
  user_metadata: UserMetadata.nullable(),
});

/** A row of storage.objects. */
export type StoredObject = z.infer<typeof StoredObject>;

export const columns =
  "id, bucket_id, name, owner, owner_id, version, created_at, updated_at, last_accessed_at, " +
  "metadata, user_metadata";

export const parseObject = (row: Row): StoredObject => StoredObject.parse(row);

/** An object's place. */
export interface Place {
  bucket: string;
  key: string;
}

/** What an upload is about besides its content. */
export interface About {
  mimetype: string;
  cacheControl: string;
  userMetadata?: UserMetadata | undefined;
  owner?: string | undefined;
  /** Whether it may take the place of another. */
  upsert: boolean;
}

export const metadataOf = (
  file: Pick<NewFile, "size" | "md5">,
  about: Pick<About, "mimetype" | "cacheControl">,
): Metadata => ({
  eTag: `"${file.md5}"`,
  size: file.size,
  mimetype: about.mimetype,
  cacheControl: about.cacheControl,
  lastModified: new Date().toISOString(),
  contentLength: file.size,
  httpStatusCode: 200,
});

/** What is written when an object is made or replaced. */
export interface NewObject extends Place {
  version: string;
  owner?: string | undefined;
  metadata: Metadata | null;
  userMetadata?: UserMetadata | null | undefined;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const values = ({ bucket, key, version, owner, metadata, userMetadata }: NewObject) => [
  bucket,
  key,
  version,
  owner && uuid.test(owner) ? owner : null,
  owner ?? null,
  metadata && JSON.stringify(metadata),
  userMetadata ? JSON.stringify(userMetadata) : null,
];

const insertion = `insert into storage.objects
  (bucket_id, name, version, owner, owner_id, metadata, user_metadata)
  values ($1, $2, $3, $4::uuid, $5, $6::text::jsonb, $7::text::jsonb)`;

const replacement = `on conflict (bucket_id, name) do update set
  version = excluded.version, owner = excluded.owner, owner_id = excluded.owner_id,
  metadata = excluded.metadata, user_metadata = excluded.user_metadata`;

/**
 * Asks the caller's policies about an upload before its content is read. Replacing needs to see the
 * row too, as on Supabase: select, insert and update.
 */
export const requireUpload = async (access: Access, object: NewObject, upsert: boolean) => {
  const statement = upsert ? `${insertion} ${replacement} returning id` : insertion;
  await access.rehearse((session) => session.query(statement, values(object)));
};

/** One writer at a time for one place, so none misses whose file it replaces. */
const lockPlace = ({ query }: Session, { bucket, key }: Place) =>
  query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`${bucket}/${key}`]);

/** Writes the row of a new file within a transaction; names the file that it replaces. */
export const putObject = async (
  session: Session,
  object: NewObject,
  upsert: boolean,
  replacing: Replacing,
): Promise<StoredObject> => {
  await lockPlace(session, object);
  const previous = await session.query<{ version: string | null }>(
    "select version from storage.objects where bucket_id = $1 and name = $2 for update",
    [object.bucket, object.key],
  );
  const statement = upsert ? `${insertion} ${replacement}` : insertion;
  const { rows } = await session.query(`${statement} returning ${columns}`, values(object));
  await replacing(previous.rows.map(({ version }) => version));
  return parseObject(rows[0] ?? {});
};

/** The object as the session's role sees it. */
export const findObject = async (
  session: Pick<Session, "query">,
  { bucket, key }: Place,
): Promise<StoredObject> => {
  const { rows } = await session.query(
    `select ${columns} from storage.objects where bucket_id = $1 and name = $2`,
    [bucket, key],
  );
  if (!rows[0]) throw noSuchKey();
  return parseObject(rows[0]);
};

/** Removes what the session's role may remove, by name. */
export const deleteObjects = async (
  session: Session,
  bucket: string,
  keys: readonly string[],
  replacing: Replacing,
): Promise<StoredObject[]> => {
  const { rows } = await session.query(
    `delete from storage.objects
     where bucket_id = $1 and name in (select jsonb_array_elements_text($2::text::jsonb))
     returning ${columns}`,
    [bucket, JSON.stringify(keys)],
  );
  const deleted = rows.map(parseObject);
  await replacing(deleted.map(({ version }) => version));
  return deleted;
};
