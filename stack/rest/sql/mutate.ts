import { columnsFor, type Payload } from "../payload.ts";
import type { ReadPlan } from "../plan.ts";
import { restError } from "../rest-error.ts";
import type { Column, Table } from "../schema/catalog.ts";
import { conditionsSql } from "./conditions.ts";
import { identifier, qualified, type Statement } from "./statement.ts";

/** How rows that exist already are treated. */
export interface Conflict {
  columns: readonly string[];
  resolution: "merge" | "ignore";
}

export interface Insertion {
  payload: Payload;
  conflict?: Conflict | undefined;
  /** Of several rows only the first is written. */
  isSingle?: boolean;
  /** Keys that are absent get the column's default instead of null. */
  hasDefaults: boolean;
}

/** `insert …` that returns what `plan` needs. */
export const insertSql = (
  table: Table,
  plan: ReadPlan | undefined,
  { payload, conflict, isSingle, hasDefaults }: Insertion,
  statement: Statement,
): string => {
  const columns = columnsFor(table, payload.keys);
  const names = columns.map(({ name }) => identifier(name));
  const into = `insert into ${qualified(table)} as ${identifier(table.name)}`;
  const values =
    names.length === 0
      ? emptyRows(payload, statement)
      : `(${names.join(", ")}) select ${names.map((name) => `pgrst_body.${name}`).join(", ")} ` +
        `from ${rowsSql(columns, payload, hasDefaults, statement)} as pgrst_body` +
        (isSingle ? " limit 1" : "");
  // A row that was there before carries the mark of the transaction that updates it.
  const isNew =
    conflict?.resolution === "merge" && table.has_row_versions
      ? `, ${identifier(table.name)}.xmax = 0 as is_new`
      : "";
  return [into, values, conflictSql(names, conflict), `${returningSql(table, plan)}${isNew}`]
    .filter((part) => part !== "")
    .join(" ");
};

/** `{}` inserts a row of defaults, `[]` nothing. */
const emptyRows = ({ json, isArray }: Payload, statement: Statement) =>
  isArray
    ? `select where exists (select from json_array_elements(${statement.bind(json)}::json))`
    : "default values";

const conflictSql = (names: readonly string[], conflict: Conflict | undefined): string => {
  if (!conflict || conflict.columns.length === 0) return "";
  const target = `on conflict (${conflict.columns.map(identifier).join(", ")})`;
  if (conflict.resolution === "ignore" || names.length === 0) return `${target} do nothing`;
  const set = names.map((name) => `${name} = excluded.${name}`);
  return `${target} do update set ${set.join(", ")}`;
};

/** `update … from body`; an array's first object counts. */
export const updateSql = (
  table: Table,
  plan: ReadPlan,
  payload: Payload,
  hasDefaults: boolean,
  statement: Statement,
  isReturning: boolean,
): string => {
  const columns = columnsFor(table, payload.keys);
  // Nothing to set: nothing is changed, and the answer is empty.
  if (columns.length === 0) {
    return `select * from ${qualified(table)} as ${identifier(plan.alias)} where false`;
  }
  const where = conditionsSql(plan.scope.conditions, plan, statement);
  if (!where) throw whereRequired("UPDATE");
  const set = columns.map(({ name }) => `${identifier(name)} = pgrst_body.${identifier(name)}`);
  const body = rowsSql(columns, payload, hasDefaults, statement);
  return (
    `update ${qualified(table)} as ${identifier(plan.alias)} set ${set.join(", ")} ` +
    `from (select * from ${body} as given limit 1) as pgrst_body where ${where} ` +
    returningSql(table, isReturning ? plan : undefined)
  );
};

export const deleteSql = (
  table: Table,
  plan: ReadPlan,
  statement: Statement,
  isReturning: boolean,
): string => {
  const where = conditionsSql(plan.scope.conditions, plan, statement);
  if (!where) throw whereRequired("DELETE");
  return (
    `delete from ${qualified(table)} as ${identifier(plan.alias)} where ${where} ` +
    returningSql(table, isReturning ? plan : undefined)
  );
};

/** What the extension safeupdate, which Supabase loads for its API, says. */
const whereRequired = (command: string) =>
  restError(400, "21000", `${command} requires a WHERE clause`);

/** The payload's rows as columns; PostgreSQL turns each value into its column's type. */
const rowsSql = (
  columns: readonly Column[],
  { json, isArray }: Payload,
  hasDefaults: boolean,
  statement: Statement,
): string => {
  const given = `${statement.bind(json)}::${hasDefaults ? "jsonb" : "json"}`;
  const row = columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(", ");
  if (!hasDefaults) {
    return `(select * from json_to_record${isArray ? "set" : ""}(${given}) as row (${row}))`;
  }
  const defaults = columns
    .filter(({ default_value }) => default_value !== null)
    .map(({ name, default_value }) => `'${name.replaceAll("'", "''")}', ${default_value}`);
  const elements = isArray ? `jsonb_array_elements(${given})` : `(values (${given}))`;
  return (
    `(select row.* from ${elements} as element (value) cross join lateral ` +
    `jsonb_to_record(jsonb_build_object(${defaults.join(", ")}) || element.value) as row (${row}))`
  );
};

/**
 * The columns that the answer is made of: those it shows, and those that its embeds are joined by.
 * Without an answer nothing is returned but the fact, so that no right to read is needed.
 */
const returningSql = (table: Table, plan: ReadPlan | undefined): string => {
  if (!plan) return "returning 1";
  const names = new Set<string>();
  for (const column of plan.columns) {
    if (column.field.name === "*") for (const { name } of table.columns) names.add(name);
    else names.add(column.field.name);
  }
  for (const { relationship } of plan.embeds) {
    if (relationship.kind === "computed") for (const { name } of table.columns) names.add(name);
    else for (const [name] of relationship.columns) names.add(name);
  }
  for (const { field, relation } of plan.scope.order) if (!relation) names.add(field.name);
  if (names.size === 0) return "returning 1";
  const alias = identifier(plan.alias);
  return `returning ${[...names].map((name) => `${alias}.${identifier(name)}`).join(", ")}`;
};
