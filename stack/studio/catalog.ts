import type postgres from "postgres";
import { z } from "zod";

const Column = z.object({
  name: z.string(),
  /** As a cast needs it, schema included. */
  type: z.string(),
  isNullable: z.boolean(),
  /** Part of the primary key. */
  isKey: z.boolean(),
  hasDefault: z.boolean(),
  /** Computed by the database; cannot be written. */
  isGenerated: z.boolean(),
});

const Table = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(["table", "view"]),
  hasRls: z.boolean(),
  /** The planner's estimate; -1 when it has none. */
  rows: z.number(),
  columns: z.array(Column),
});

export type Column = z.infer<typeof Column>;
export type Table = z.infer<typeof Table>;

const statement = `
  select n.nspname as schema, c.relname as name,
    case when c.relkind in ('v', 'm') then 'view' else 'table' end as kind,
    c.relrowsecurity as "hasRls", c.reltuples::bigint::float8 as rows,
    coalesce(jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'isNullable', not a.attnotnull,
      'isKey', coalesce(a.attnum = any (i.indkey::int2[]), false),
      'hasDefault', a.atthasdef or a.attidentity <> '',
      'isGenerated', a.attgenerated <> '' or a.attidentity = 'a') order by a.attnum)
      filter (where a.attnum is not null), '[]') as columns
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indrelid = c.oid and i.indisprimary
  left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname !~ '^(pg_|information_schema)'
    and has_schema_privilege(n.oid, 'usage')
  group by n.nspname, c.oid, c.relname, c.relkind, c.relrowsecurity, c.reltuples, i.indkey
  order by n.nspname <> 'public', n.nspname, c.relname
`;

/** Every table and view that `postgres` may look at, those of `public` first. */
export const readTables = async (sql: postgres.Sql): Promise<Table[]> =>
  z.array(Table).parse([...(await sql.unsafe(statement))]);
