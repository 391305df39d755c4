import { z } from "zod";
import { type Column, readTables, type Table } from "./catalog.ts";
import type { StudioDatabase } from "./database.ts";

const Named = z.object({ schema: z.string(), table: z.string() });
/** Values are PostgreSQL's own text, so that every type is shown and taken exactly. */
const Values = z.record(z.string(), z.string().nullable());

export const RowsRequest = Named.extend({
  offset: z.int().min(0).default(0),
  limit: z.int().min(1).max(200).default(50),
  order: z.object({ column: z.string(), isDescending: z.boolean() }).optional(),
  filter: z
    .object({
      column: z.string(),
      operator: z.enum(["=", "<>", "<", "<=", ">", ">=", "contains", "is null", "is not null"]),
      value: z.string(),
    })
    .optional(),
});
export const CellRequest = Named.extend({ key: Values, column: z.string() });
export const InsertRequest = Named.extend({ values: Values });
export const UpdateRequest = Named.extend({ key: Values, values: Values });
export const DeleteRequest = Named.extend({ keys: z.array(Values).min(1).max(200) });

export interface Page {
  rows: Record<string, string | null>[];
  /** Whether rows follow this page. */
  hasMore: boolean;
}

/** Longer values are cut here in lists, and given whole one by one. */
const shownCharacters = 1_000;

export class BadRequest extends Error {}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const find = async (database: StudioDatabase, { schema, table }: z.infer<typeof Named>) => {
  const tables = await readTables(database.catalog);
  const found = tables.find(({ schema: own, name }) => own === schema && name === table);
  if (!found) throw new BadRequest(`There is no table ${schema}.${table}.`);
  return found;
};

const columnOf = (table: Table, name: string): Column => {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) throw new BadRequest(`${table.name} has no column ${name}.`);
  return column;
};

const target = ({ schema, name }: Table) => `${quote(schema)}.${quote(name)}`;

/** Collects the values of one statement; each is sent as text and cast to its column's type. */
const parameters = () => {
  const values: (string | null)[] = [];
  const bind = ({ type }: Column, value: string | null) => {
    values.push(value);
    return `$${values.length}::text::${type}`;
  };
  return { values, bind };
};

type Bind = ReturnType<typeof parameters>["bind"];

/** The condition that names one row; a table without a primary key has none. */
const isRow = (table: Table, key: z.infer<typeof Values>, bind: Bind): string => {
  const columns = table.columns.filter(({ isKey }) => isKey);
  if (columns.length === 0) throw new BadRequest(`${table.name} has no primary key.`);
  return columns
    .map((column) => `${quote(column.name)} = ${bind(column, key[column.name] ?? null)}`)
    .join(" and ");
};

const conditionOf = (table: Table, filter: z.infer<typeof RowsRequest>["filter"], bind: Bind) => {
  if (!filter) return "";
  const column = columnOf(table, filter.column);
  const name = quote(column.name);
  switch (filter.operator) {
    case "is null":
    case "is not null":
      return `where ${name} ${filter.operator}`;
    case "contains": {
      const text = { ...column, type: "text" };
      return `where position(lower(${bind(text, filter.value)}) in lower(${name}::text)) > 0`;
    }
    default:
      return `where ${name} ${filter.operator} ${bind(column, filter.value)}`;
  }
};

export const readRows = async (
  database: StudioDatabase,
  request: z.infer<typeof RowsRequest>,
): Promise<Page> => {
  const table = await find(database, request);
  const { values, bind } = parameters();
  const columns = table.columns.map(
    ({ name }) => `left(${quote(name)}::text, ${shownCharacters + 1}) as ${quote(name)}`,
  );
  const keys = table.columns.filter(({ isKey }) => isKey).map(({ name }) => `t.${quote(name)}`);
  const { order } = request;
  const first = order
    ? [`t.${quote(columnOf(table, order.column).name)} ${order.isDescending ? "desc" : "asc"}`]
    : [];
  const ordered = [...first, ...keys];
  const rows = await database.data.unsafe<Page["rows"]>(
    `select ${columns.join(", ") || "1 as nothing"} from ${target(table)} as t
     ${conditionOf(table, request.filter, bind)}
     ${ordered.length > 0 ? `order by ${ordered.join(", ")}` : ""}
     limit ${request.limit + 1} offset ${request.offset}`,
    values,
  );
  return { rows: rows.slice(0, request.limit), hasMore: rows.length > request.limit };
};

/** One value, whole. */
export const readCell = async (database: StudioDatabase, request: z.infer<typeof CellRequest>) => {
  const table = await find(database, request);
  const { values, bind } = parameters();
  const column = columnOf(table, request.column);
  const rows = await database.data.unsafe<{ value: string | null }[]>(
    `select ${quote(column.name)}::text as value from ${target(table)}
     where ${isRow(table, request.key, bind)}`,
    values,
  );
  const [row] = rows;
  if (!row) throw new BadRequest("The row is gone.");
  return row;
};

export const insertRow = async (
  database: StudioDatabase,
  request: z.infer<typeof InsertRequest>,
) => {
  const table = await find(database, request);
  const { values, bind } = parameters();
  const given = Object.entries(request.values).map(([name, value]) => {
    const column = columnOf(table, name);
    return { name: quote(name), value: bind(column, value) };
  });
  const columns = given.map(({ name }) => name).join(", ");
  const row =
    given.length > 0
      ? `(${columns}) values (${given.map(({ value }) => value).join(", ")})`
      : "default values";
  await database.data.unsafe(`insert into ${target(table)} ${row}`, values);
  return { inserted: 1 };
};

export const updateRow = async (
  database: StudioDatabase,
  request: z.infer<typeof UpdateRequest>,
) => {
  const table = await find(database, request);
  const { values, bind } = parameters();
  const changes = Object.entries(request.values).map(
    ([name, value]) => `${quote(name)} = ${bind(columnOf(table, name), value)}`,
  );
  if (changes.length === 0) throw new BadRequest("Nothing is to be changed.");
  const { count } = await database.data.unsafe(
    `update ${target(table)} set ${changes.join(", ")} where ${isRow(table, request.key, bind)}`,
    values,
  );
  if (count === 0) throw new BadRequest("The row is gone.");
  return { updated: count };
};

/** All of them or none. */
export const deleteRows = async (
  database: StudioDatabase,
  request: z.infer<typeof DeleteRequest>,
) => {
  const table = await find(database, request);
  const { values, bind } = parameters();
  const conditions = request.keys.map((key) => `(${isRow(table, key, bind)})`);
  const { count } = await database.data.unsafe(
    `delete from ${target(table)} where ${conditions.join(" or ")}`,
    values,
  );
  return { deleted: count };
};
