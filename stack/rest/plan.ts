import type { Condition, Filter } from "./query/filter.ts";
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
  /** The schema of a function whose result is no table's row. */
  space?: string;
  /** Most rows that any one level answers. */
  maxRows: number;
}

/** Holds a query against the schema; throws `RestError` for embeds and filters that make no sense. */
export const planRead = ({ schema, query, table, name, space, maxRows }: PlanInput): ReadPlan => {
  const scopes = scopesByEmbed(query);
  let aliases = 0;

  const level = (
    selected: readonly Selected[],
    at: string,
    parent: Table | undefined,
    alias: string,
    most = maxRows,
  ) => {
    const scope = scopes.get(at) ?? { conditions: [], order: [] };
    const columns = selected.filter((item) => item.kind === "column");
    const embeds = selected
      .filter((item) => item.kind === "embed")
      .map((item) => embed(item, at, parent));
    refuseEmbedFilters(scope.conditions, embeds, parent);
    const limit = Math.min(scope.limit ?? most, most);
    return { alias, columns, embeds, scope: { ...scope, limit } };
  };

  const embed = (item: SelectedEmbed, at: string, parent: Table | undefined): EmbedPlan => {
    const key = item.alias ?? item.target;
    if (!parent) throw noRelationship(name, item, space);
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

  return { ...level(query.select, "", table, name), ...(table && { table }) };
};

/**
 * The scopes by the names that the embeds have in the answer. A parameter may also call an embed by
 * its target, though it has an alias: `select=all:tags(*)&tags.order=id`.
 */
const scopesByEmbed = ({ select, scopes }: Query): Map<string, Scope> => {
  const found = new Map<string, Scope>();
  for (const [path, scope] of scopes) {
    let level = select;
    const names = (path === "" ? [] : path.split(".")).map((name) => {
      const embed = level
        .filter((item) => item.kind === "embed")
        .find(({ target, alias }) => target === name || alias === name);
      if (!embed) throw notEmbedded(name);
      level = embed.select;
      return embed.alias ?? embed.target;
    });
    const known = found.get(names.join("."));
    found.set(names.join("."), {
      ...known,
      ...scope,
      conditions: [...(known?.conditions ?? []), ...scope.conditions],
      order: known?.order.length ? known.order : scope.order,
    });
  }
  return found;
};

/** An embed can be asked for in a condition only as a whole: `author=is.null`. */
export const embedNamed = (embeds: readonly EmbedPlan[], condition: Condition) =>
  condition.kind === "filter" && condition.field.path.length === 0 && isAboutNull(condition)
    ? embeds.find(({ name }) => name === condition.field.name)
    : undefined;

const isAboutNull = ({ operation }: Filter) =>
  operation.kind === "is" && operation.value.endsWith("null");

/** Another filter is on a column of that name, if there is one. */
const refuseEmbedFilters = (
  conditions: readonly Condition[],
  embeds: readonly EmbedPlan[],
  table: Table | undefined,
) => {
  for (const condition of conditions) {
    if (condition.kind === "logic") refuseEmbedFilters(condition.conditions, embeds, table);
    else {
      const { name: asked, path } = condition.field;
      const isEmbed = path.length === 0 && embeds.some(({ name }) => name === asked);
      const isColumn = table?.columns.some(({ name }) => name === asked) ?? false;
      if (isEmbed && !isColumn && !isAboutNull(condition)) {
        throw restError(
          400,
          "PGRST120",
          `Bad operator on the '${asked}' embedded resource`,
          "Only is null or not is null filters are allowed on embedded resources",
        );
      }
    }
  }
};

/** A function's result that is no table's row has no keys to embed by. */
const noRelationship = (parent: string, { target, hint }: SelectedEmbed, space = "public") =>
  restError(
    400,
    "PGRST200",
    `Could not find a relationship between '${parent}' and '${target}' in the schema cache`,
    `Searched for a foreign key relationship between '${parent}' and '${target}'` +
      `${hint === undefined ? "" : ` using the hint '${hint}'`} in the schema '${space}', ` +
      "but no matches were found.",
  );

const notEmbedded = (path: string) =>
  restError(
    400,
    "PGRST108",
    `'${path}' is not an embedded resource in this request`,
    null,
    `Verify that '${path}' is included in the 'select' query parameter.`,
  );
