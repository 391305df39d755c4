import { z } from "zod";
import type { Database } from "../../database/database.ts";

const Column = z.object({
  name: z.string(),
  /** `attnum`: places of dropped columns stay empty. */
  position: z.number(),
  /** As SQL writes it, e.g. `character varying(20)`, `public.mood[]`. */
  type: z.string(),
  /** One of its kind counts for full-text search: text and json are turned into tsvector. */
  is_text_like: z.boolean(),
  is_nullable: z.boolean(),
  default_value: z.string().nullable(),
  /** The labels of an enum. */
  labels: z.array(z.string()).nullable(),
  comment: z.string().nullable(),
});

const Table = z.object({
  oid: z.number(),
  schema: z.string(),
  name: z.string(),
  is_view: z.boolean(),
  /** Neither view nor partitioned: its rows tell which transaction wrote them. */
  has_row_versions: z.boolean(),
  /** What may be done with it, whoever asks: a view may take no changes, or some by triggers. */
  takes: z.object({ insert: z.boolean(), update: z.boolean(), delete: z.boolean() }),
  comment: z.string().nullable(),
  columns: z.array(Column),
  primary_key: z.array(z.string()),
  /** Column sets of primary key and unique constraints. */
  keys: z.array(z.array(z.string())),
});

const ForeignKey = z.object({
  constraint: z.string(),
  table: z.number(),
  columns: z.array(z.string()),
  foreign_table: z.number(),
  foreign_columns: z.array(z.string()),
});

const Argument = z.object({
  name: z.string(),
  type: z.string(),
  is_required: z.boolean(),
  is_variadic: z.boolean(),
});

const Routine = z.object({
  schema: z.string(),
  name: z.string(),
  comment: z.string().nullable(),
  arguments: z.array(Argument),
  returns_set: z.boolean(),
  /** At most one row: no set, or a set declared with `rows 1`. */
  returns_one: z.boolean(),
  /** A row type, or columns of its own: the result has columns to select and filter. */
  returns_rows: z.boolean(),
  is_void: z.boolean(),
  is_volatile: z.boolean(),
  /** The table whose rows it returns. */
  returned_table: z.number().nullable(),
  /** Set when its one argument is a row of this table: a computed relationship. */
  computed_on: z.number().nullable(),
});

const Catalog = z.object({
  tables: z.array(Table),
  foreign_keys: z.array(ForeignKey),
  routines: z.array(Routine),
  views: z.array(z.object({ oid: z.number(), rule: z.string() })),
});

export type Column = z.infer<typeof Column>;
export type Table = z.infer<typeof Table>;
export type ForeignKey = z.infer<typeof ForeignKey>;
export type Routine = z.infer<typeof Routine>;
export type Catalog = z.infer<typeof Catalog>;

const question = `
  with exposed as (
    select n.oid, n.nspname from pg_catalog.pg_namespace n where n.nspname = any ($1::text[])
  ),
  relations as (
    select c.oid, c.relkind, c.relname, e.nspname
    from pg_catalog.pg_class c join exposed e on e.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition
  )
  select json_build_object(
    'tables', (
      select coalesce(json_agg(json_build_object(
        'oid', r.oid::int8,
        'schema', r.nspname,
        'name', r.relname,
        'is_view', r.relkind in ('v', 'm'),
        'has_row_versions', r.relkind = 'r',
        'takes', (
          select json_build_object(
            'insert', m.mask & 8 = 8, 'update', m.mask & 4 = 4, 'delete', m.mask & 16 = 16
          ) from (select pg_catalog.pg_relation_is_updatable(r.oid, true) as mask) m
        ),
        'comment', pg_catalog.obj_description(r.oid, 'pg_class'),
        'columns', (
          select coalesce(json_agg(json_build_object(
            'name', a.attname,
            'position', a.attnum,
            'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'is_text_like', coalesce(nullif(t.typbasetype, 0), t.oid)
              in (25, 1042, 1043, 114, 3802),
            'is_nullable', not a.attnotnull,
            'default_value', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
            'labels', (
              select json_agg(l.enumlabel order by l.enumsortorder)
              from pg_catalog.pg_enum l where l.enumtypid = t.oid
            ),
            'comment', pg_catalog.col_description(a.attrelid, a.attnum)
          ) order by a.attnum), '[]')
          from pg_catalog.pg_attribute a
          join pg_catalog.pg_type t on t.oid = a.atttypid
          left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            and a.attgenerated = ''
          where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        ),
        'primary_key', (
          select coalesce(json_agg(a.attname order by k.position), '[]')
          from pg_catalog.pg_constraint o
          cross join lateral unnest(o.conkey) with ordinality as k (attnum, position)
          join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum
          where o.conrelid = r.oid and o.contype = 'p'
        ),
        'keys', (
          select coalesce(json_agg((
            select json_agg(a.attname)
            from pg_catalog.pg_attribute a
            where a.attrelid = o.conrelid and a.attnum = any (o.conkey)
          )), '[]')
          from pg_catalog.pg_constraint o
          where o.conrelid = r.oid and o.contype in ('p', 'u')
        )
      )), '[]')
      from relations r
    ),
    'foreign_keys', (
      select coalesce(json_agg(json_build_object(
        'constraint', o.conname,
        'table', o.conrelid::int8,
        'columns', (
          select json_agg(a.attname order by k.position)
          from unnest(o.conkey) with ordinality as k (attnum, position)
          join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum
        ),
        'foreign_table', o.confrelid::int8,
        'foreign_columns', (
          select json_agg(a.attname order by k.position)
          from unnest(o.confkey) with ordinality as k (attnum, position)
          join pg_catalog.pg_attribute a on a.attrelid = o.confrelid and a.attnum = k.attnum
        )
      ) order by o.conname), '[]')
      from pg_catalog.pg_constraint o
      where o.contype = 'f' and o.conparentid = 0
    ),
    'routines', (
      select coalesce(json_agg(json_build_object(
        'schema', e.nspname,
        'name', p.proname,
        'comment', pg_catalog.obj_description(p.oid, 'pg_proc'),
        'arguments', (
          select coalesce(json_agg(json_build_object(
            'name', coalesce(p.proargnames[g.position], ''),
            'type', pg_catalog.format_type(g.type, null),
            'is_required', g.number <= p.pronargs - p.pronargdefaults,
            'is_variadic', g.mode = 'v'
          ) order by g.number), '[]')
          from (
            select u.type, u.mode, u.position, row_number() over (order by u.position) as number
            from unnest(
              coalesce(p.proallargtypes, p.proargtypes::oid[]),
              coalesce(p.proargmodes::text[], array_fill('i'::text, array[p.pronargs::int]))
            ) with ordinality as u (type, mode, position)
            where u.mode in ('i', 'b', 'v')
          ) g
        ),
        'returns_set', p.proretset,
        'returns_one', not p.proretset or p.prorows = 1,
        'returns_rows', row.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
        'is_void', t.typname = 'void',
        'is_volatile', p.provolatile = 'v',
        'returned_table', nullif(row.typrelid, 0)::int8,
        'computed_on', case when p.pronargs = 1 then (
          select a.typrelid::int8 from pg_catalog.pg_type a
          where a.oid = p.proargtypes[0] and a.typrelid <> 0
        ) end
      )), '[]')
      from pg_catalog.pg_proc p
      join exposed e on e.oid = p.pronamespace
      join pg_catalog.pg_type t on t.oid = p.prorettype
      join pg_catalog.pg_type row on row.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
      where p.prokind = 'f' and t.typname not in ('trigger', 'event_trigger')
    ),
    'views', (
      select coalesce(json_agg(json_build_object('oid', r.oid::int8, 'rule', w.ev_action::text)), '[]')
      from relations r
      join pg_catalog.pg_rewrite w on w.ev_class = r.oid and w.rulename = '_RETURN'
      where r.relkind in ('v', 'm')
    )
  ) as catalog`;

/** Everything about the exposed schemas that requests are held against, in one question. */
export const readCatalog = async (database: Database, schemas: string[]): Promise<Catalog> => {
  const { rows } = await database.query(question, [schemas]);
  return Catalog.parse(rows[0]?.catalog);
};
