import { literal } from "../../database/database.ts";
import { type EmbedPlan, embedNamed, type ReadPlan } from "../plan.ts";
import type { Field, JsonStep } from "../query/field.ts";
import type { Condition, Filter, Operation } from "../query/filter.ts";
import type { Table } from "../schema/catalog.ts";
import { identifier, type Statement } from "./statement.ts";

/** A field of the level `alias`; steps into JSON work on any type by way of jsonb. */
export const fieldSql = (
  field: Field,
  { alias, table }: Pick<ReadPlan, "alias" | "table">,
): string => {
  const column = `${identifier(alias)}.${identifier(field.name)}`;
  if (field.path.length === 0) return column;
  const type = table?.columns.find(({ name }) => name === field.name)?.type;
  const json = type === "json" || type === "jsonb" ? column : `to_jsonb(${column})`;
  return json + field.path.map(stepSql).join("");
};

const stepSql = ({ arrow, key, isIndex }: JsonStep) => `${arrow}${isIndex ? key : literal(key)}`;

type Level = Pick<ReadPlan, "alias" | "table"> & { embeds?: readonly EmbedPlan[] };

/** All conditions together; undefined when there are none. */
export const conditionsSql = (
  conditions: readonly Condition[],
  level: Level,
  statement: Statement,
): string | undefined =>
  conditions.length === 0
    ? undefined
    : conditions.map((condition) => conditionSql(condition, level, statement)).join(" and ");

const conditionSql = (condition: Condition, level: Level, statement: Statement): string => {
  const negation = condition.isNegated ? "not " : "";
  if (condition.kind === "logic") {
    const parts = condition.conditions.map((part) => conditionSql(part, level, statement));
    return `${negation}(${parts.join(` ${condition.operator} `)})`;
  }
  const embed = embedNamed(level.embeds ?? [], condition);
  if (embed) return `${negation}(${embedIsSql(embed, condition)})`;
  const field = fieldSql(condition.field, level);
  return `${negation}${operationSql(field, condition, level.table, statement)}`;
};

const embedIsSql = ({ alias, relationship }: EmbedPlan, { operation }: Filter): string => {
  const isNull = operation.kind === "is" && operation.value === "null";
  const found = relationship.isToOne ? identifier(alias) : `${identifier(alias)}."rows"`;
  return `${found} is ${isNull ? "not " : ""}distinct from null`;
};

const operationSql = (
  field: string,
  { operation, field: { name, path } }: Filter,
  table: Table | undefined,
  statement: Statement,
): string => {
  switch (operation.kind) {
    case "is":
      return `${field} is ${operation.value}`;
    case "isdistinct":
      return `${field} is distinct from ${statement.bind(operation)}`;
    case "in":
      return `${field} = any (${statement.bind(operation)})`;
    case "compare":
      return compareSql(field, operation, statement);
    case "fts": {
      const isText = table?.columns.some((column) => column.name === name && column.is_text_like);
      const { language } = operation;
      const configuration = language === undefined ? "" : `${literal(language)}, `;
      const searched = isText || path.length > 0 ? `to_tsvector(${configuration}${field})` : field;
      return `${searched} @@ ${operation.function}(${configuration}${statement.bind(operation)})`;
    }
  }
};

const compareSql = (
  field: string,
  operation: Extract<Operation, { kind: "compare" }>,
  statement: Statement,
): string => {
  const { operator, quantifier } = operation;
  const bound = statement.bind(operation);
  return `${field} ${operator} ${quantifier ? `${quantifier} (${bound})` : bound}`;
};
