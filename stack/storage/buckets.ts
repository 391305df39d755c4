import { z } from "zod";
import type { Row, Session } from "../database/database.ts";
import { noSuchBucket } from "./errors.ts";

const Bucket = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string().nullable(),
  public: z.boolean(),
  type: z.string(),
  file_size_limit: z.number().nullable(),
  allowed_mime_types: z.array(z.string()).nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** A row of storage.buckets, as clients see it. */
export type Bucket = z.infer<typeof Bucket>;

export const columns =
  "id, name, coalesce(owner_id, owner::text, '') as owner, coalesce(public, false) as public, type, " +
  "file_size_limit, allowed_mime_types, created_at, updated_at";

export const parseBucket = (row: Row): Bucket => Bucket.parse(row);

/** The bucket as the session's role sees it. */
export const findBucket = async (session: Pick<Session, "query">, id: string): Promise<Bucket> => {
  const { rows } = await session.query(`select ${columns} from storage.buckets where id = $1`, [
    id,
  ]);
  if (!rows[0]) throw noSuchBucket();
  return parseBucket(rows[0]);
};

/** What may be changed of a bucket; absent: stays as it is. */
export interface BucketFields {
  public?: boolean | undefined;
  file_size_limit?: number | null | undefined;
  allowed_mime_types?: string[] | null | undefined;
}

/** An array parameter that both drivers take. */
export const textArray = (parameter: string) =>
  `(select array_agg(t) from jsonb_array_elements_text(${parameter}::text::jsonb) t)`;

export const jsonOf = (list: readonly string[] | null | undefined) =>
  list ? JSON.stringify(list) : null;
