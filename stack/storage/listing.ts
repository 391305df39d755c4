import { z } from "zod";
import { type Handler, jsonBody } from "./call.ts";
import { invalidParameter } from "./errors.ts";
import { requireBucketName } from "./names.ts";

const Order = z.enum(["asc", "desc"]).default("asc");

const List = z.object({
  prefix: z.string(),
  limit: z.int().min(1).default(100),
  offset: z.int().min(0).default(0),
  search: z.string().default(""),
  sortBy: z
    .object({
      column: z.enum(["name", "updated_at", "created_at", "last_accessed_at"]),
      order: Order,
    })
    .prefault({ column: "name" }),
});

/** One folder's entries, by number of the page. */
export const list: Handler = async (call) => {
  const bucket = requireBucketName(call.params.bucket ?? "");
  const { prefix, limit, offset, search, sortBy } = await jsonBody(call, List);
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const { rows } = await call.access.asCaller((session) =>
    session.query("select * from storage.search($1, $2, $3, 1, $4, $5, $6, $7)", [
      folder,
      bucket,
      limit,
      offset,
      search,
      sortBy.column,
      sortBy.order,
    ]),
  );
  return Response.json(rows);
};

const ListV2 = z.object({
  prefix: z.string().default(""),
  limit: z.int().min(1).default(1000),
  cursor: z.string().optional(),
  with_delimiter: z.boolean().default(false),
  sortBy: z
    .object({ column: z.enum(["name", "updated_at", "created_at"]), order: Order })
    .prefault({ column: "name" }),
});

/** Where a page ended: the last name, and its time when sorted by one. */
const Cursor = z.object({ name: z.string(), after: z.string() });

const Entry = z.object({
  key: z.string().nullable(),
  name: z.string(),
  id: z.string().nullable(),
  updated_at: z.string().nullable(),
  created_at: z.string().nullable(),
  last_accessed_at: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
});

const encodeCursor = (cursor: z.infer<typeof Cursor>) =>
  Buffer.from(JSON.stringify(cursor)).toString("base64url");

const decodeCursor = (text: string): z.infer<typeof Cursor> => {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    throw invalidParameter("continuation token");
  }
};

/**
 * A page of all that begins with a prefix, without folders. By name it is read straight from the
 * index, however many files there are.
 */
const flatPage = ({ column, order }: z.infer<typeof ListV2>["sortBy"], goesOn: boolean): string => {
  const name = 'name collate "C"';
  const time = column === "name" ? null : `date_trunc('milliseconds', ${column})`;
  const [place, end] = time
    ? [`(${time}, ${name})`, "(date_trunc('milliseconds', $5::timestamptz), $4)"]
    : [name, "$4"];
  return `select null as key, id, name, updated_at, created_at, last_accessed_at, metadata
    from storage.objects
    where bucket_id = $1 and starts_with(name, $2) and ${name} >= $2
      ${goesOn ? `and ${place} ${order === "asc" ? ">" : "<"} ${end}` : ""}
    order by ${time ? `${time} ${order},` : ""} ${name} ${order}
    limit $3`;
};

/** Everything under a prefix, flat or by folder, by cursor. */
export const listV2: Handler = async (call) => {
  const bucket = requireBucketName(call.params.bucket ?? "");
  const asked = await jsonBody(call, ListV2);
  const { prefix, with_delimiter: byFolder, sortBy } = asked;
  const limit = Math.min(asked.limit, 1000);
  const cursor = asked.cursor ? decodeCursor(asked.cursor) : null;
  const { rows } = await call.access.asCaller((session) => {
    if (!byFolder) {
      const after = sortBy.column === "name" ? [cursor?.name] : [cursor?.name, cursor?.after];
      return session.query(flatPage(sortBy, cursor !== null), [
        bucket,
        prefix,
        limit + 1,
        ...(cursor ? after : []),
      ]);
    }
    return session.query("select * from storage.search_v2($1, $2, $3, $4, $5, $6, $7, $8)", [
      prefix,
      bucket,
      limit + 1,
      prefix.split("/").length,
      cursor?.name ?? "",
      sortBy.order,
      sortBy.column,
      cursor?.after ?? "",
    ]);
  });
  const entries = z.array(Entry).parse(rows);
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  const hasNext = entries.length > limit;
  const after = (last && sortBy.column !== "name" && last[sortBy.column]) || "";
  return Response.json({
    hasNext,
    ...(hasNext &&
      last && {
        nextCursor: encodeCursor({ name: last.name, after }),
        nextCursorKey: last.name,
      }),
    folders: page.filter(({ id }) => id === null),
    objects: page
      .filter(({ id }) => id !== null)
      .map(({ key, ...object }) => (byFolder ? { key, ...object } : object)),
  });
};
