import type { Condition } from "./query/filter.ts";
import type { Query, Scope } from "./query/query.ts";
import type { Selected, SelectedColumn, SelectedEmbed } from "./query/select.ts";
import { restError } from "./rest-error.ts";
import type { Table } from "./schema/catalog.ts";
import { findRelationship } from "./schema/find-relationship.ts";
import type { Relationship } from "./schema/relationships.ts";
import type { Schema } from "./schema/schema-cache.ts";

/** What is read from one table, and from those embedded in it. */
export interface ReadPlan {
  /** Absent for functions whose result is no table's row. */
  table?: Table;
  /** The name that the SQL gives to this level. */
  alias: string;
  columns: SelectedColumn[];
  embeds: EmbedPlan[];
  scope: Scope;
}

export interface EmbedPlan extends ReadPlan {
  table: Table;
  /** The key that it has in the answer. */
  name: string;
  selected: SelectedEmbed;
  relationship: Relationship;
}

interface PlanInput {
  schema: Schema;
  query: Query;
  table?: Table | undefined;
  /** What the resource is called in errors and in the SQL. */
  name: string;
  /** Most rows that any one level answers. */
  maxRows: number;
}

/** Holds a query against the schema; throws `RestError` for embeds and filters that make no sense. */
export const planRead = ({ schema, query, table, name, maxRows }: PlanInput): ReadPlan => {
  const unused = new Set(query.scopes.keys());
  let aliases = 0;

  const level = (
    selected: readonly Selected[],
    at: string,
    parent: Table | undefined,
    alias: string,
    most = maxRows,
  ) => {
    const scope = query.scopes.get(at) ?? { conditions: [], order: [] };
    unused.delete(at);
    const columns = selected.filter((item) => item.kind === "column");
    const embeds = selected
      .filter((item) => item.kind === "embed")
      .map((item) => embed(item, at, parent));
    refuseEmbedFilters(scope.conditions, embeds);
    const limit = Math.min(scope.limit ?? most, most);
    return { alias, columns, embeds, scope: { ...scope, limit } };
  };

  const embed = (item: SelectedEmbed, at: string, parent: Table | undefined): EmbedPlan => {
    const key = item.alias ?? item.target;
    if (!parent) throw noRelationship(name, item.target);
    const relationship = findRelationship(schema, parent, item.target, item.hint);
    const { foreign } = relationship;
    const path = at === "" ? key : `${at}.${key}`;
    const alias = `${foreign.name}_${++aliases}`;
    // One row needs no limit, and without one it is planned as a plain join.
    const most = relationship.isToOne ? Number.POSITIVE_INFINITY : maxRows;
    return {
      ...level(item.select, path, foreign, alias, most),
      table: foreign,
      name: key,
      selected: item,
      relationship,
    };
  };

  const plan = { ...level(query.select, "", table, name), ...(table && { table }) };
  for (const path of unused) throw notEmbedded(path);
  return plan;
};

/** An embed can be asked for in a condition only as a whole: `author=is.null`. */
export const embedNamed = (embeds: readonly EmbedPlan[], condition: Condition) =>
  condition.kind === "filter" && condition.field.path.length === 0
    ? embeds.find(({ name }) => name === condition.field.name)
    : undefined;

const refuseEmbedFilters = (conditions: readonly Condition[], embeds: readonly EmbedPlan[]) => {
  for (const condition of conditions) {
    if (condition.kind === "logic") refuseEmbedFilters(condition.conditions, embeds);
    else if (embedNamed(embeds, condition)) {
      const { operation } = condition;
      if (operation.kind !== "is" || !operation.value.endsWith("null")) {
        throw restError(
          400,
          "PGRST120",
          `Bad operator on the '${condition.field.name}' embedded resource`,
          "Only is null or not is null filters are allowed on embedded resources",
        );
      }
    }
  }
};

const noRelationship = (parent: string, target: string) =>
  restError(
    400,
    "PGRST200",
    `Could not find a relationship between '${parent}' and '${target}' in the schema cache`,
    "The function's result is not a row of a table, so it has no foreign keys.",
  );

const notEmbedded = (path: string) =>
  restError(
    400,
    "PGRST108",
    `'${path}' is not an embedded resource in this request`,
    null,
    `Verify that '${path}' is included in the 'select' query parameter.`,
  );
