import type { EmbedPlan, ReadPlan } from "../plan.ts";
import type { OrderTerm } from "../query/order.ts";
import type { SelectedColumn, SelectedEmbed } from "../query/select.ts";
import { restError } from "../rest-error.ts";
import type { ColumnPairs } from "../schema/relationships.ts";
import { conditionsSql, fieldSql } from "./conditions.ts";
import { identifier, qualified, type Statement } from "./statement.ts";

/** The rows of a plan. `source` is what stands in `from`; `isUnbounded` leaves its page out. */
export const readSql = (
  plan: ReadPlan,
  source: string,
  statement: Statement,
  extra?: { where?: string; isUnbounded?: boolean },
): string => {
  const embeds = plan.embeds.map((embed) => embedSql(embed, plan, statement));
  const list = [
    ...plan.columns.map((column) => columnSql(column, plan)),
    ...embeds.map(({ selected }) => selected).filter((selected) => selected !== undefined),
  ];
  const where = [extra?.where, conditionsSql(plan.scope.conditions, plan, statement)].filter(
    (condition) => condition !== undefined,
  );
  const { limit, offset } = plan.scope;
  return [
    `select ${list.join(", ")}`,
    `from ${source} as ${identifier(plan.alias)}`,
    ...embeds.map(({ join }) => join),
    where.length > 0 && `where ${where.join(" and ")}`,
    orderSql(plan),
    !extra?.isUnbounded && limit !== undefined && Number.isFinite(limit) && `limit ${limit}`,
    !extra?.isUnbounded && offset !== undefined && offset > 0 && `offset ${offset}`,
  ]
    .filter((part) => part)
    .join(" ");
};

/** How a column is called in the answer when that is not its own name. */
export const nameOf = ({ field, alias }: SelectedColumn): string =>
  alias ?? field.path.findLast(({ isIndex }) => !isIndex)?.key ?? field.name;

const columnSql = (column: SelectedColumn, plan: ReadPlan): string => {
  if (column.field.name === "*") return `${identifier(plan.alias)}.*`;
  const value = fieldSql(column.field, plan);
  const cast = column.cast === undefined ? value : `cast(${value} as ${column.cast})`;
  const isBare = cast === value && column.field.path.length === 0;
  const isNamed = isBare && nameOf(column) === column.field.name;
  return isNamed ? cast : `${cast} as ${identifier(nameOf(column))}`;
};

interface EmbedSql {
  join: string;
  /** Absent when the embed only filters: `author!inner()`. */
  selected?: string;
}

const embedSql = (embed: EmbedPlan, parent: ReadPlan, statement: Statement): EmbedSql => {
  const { relationship, selected, name } = embed;
  const alias = identifier(embed.alias);
  const rows = relatedSql(embed, parent, statement);
  const isEmpty = showsNothing(selected);
  const kind = selected.isInner ? "inner" : "left";
  if (relationship.isToOne) {
    const join = `${kind} join lateral (${rows}) as ${alias} on true`;
    if (isEmpty) return { join };
    return {
      join,
      selected: selected.isSpread ? `${alias}.*` : `row_to_json(${alias}.*) as ${identifier(name)}`,
    };
  }
  const columns = selected.isSpread ? outputNames(embed) : [];
  const aggregated = [
    `json_agg(${alias}) as "rows"`,
    ...columns.map((column) => `json_agg(${alias}.${identifier(column)}) as ${identifier(column)}`),
  ];
  const join =
    `${kind} join lateral (select ${aggregated.join(", ")} from (${rows}) as ${alias}) ` +
    `as ${alias} on ${selected.isInner ? `${alias}."rows" is not null` : "true"}`;
  if (isEmpty) return { join };
  const spread = columns.map(
    (column) => `coalesce(${alias}.${identifier(column)}, '[]') as ${identifier(column)}`,
  );
  return {
    join,
    selected: selected.isSpread
      ? spread.join(", ")
      : `coalesce(${alias}."rows", '[]') as ${identifier(name)}`,
  };
};

/** An embed of nothing, or of nothing but such embeds. */
const showsNothing = ({ select }: SelectedEmbed): boolean =>
  select.every((item) => item.kind === "embed" && showsNothing(item));

/** The keys of an embed's rows. */
const outputNames = (embed: EmbedPlan): string[] => [
  ...embed.columns.flatMap((column) =>
    column.field.name === "*" ? embed.table.columns.map(({ name }) => name) : [nameOf(column)],
  ),
  ...embed.embeds.flatMap((inner) => (inner.selected.isSpread ? outputNames(inner) : [inner.name])),
];

/** The rows of an embed that belong to one row of its parent. */
const relatedSql = (embed: EmbedPlan, parent: ReadPlan, statement: Statement): string => {
  const { relationship, table } = embed;
  const [ours, theirs] = [identifier(parent.alias), identifier(embed.alias)];
  switch (relationship.kind) {
    case "computed":
      return readSql(embed, `${qualified(relationship.routine)}(${ours})`, statement);
    case "many-to-many": {
      const junction = identifier(`${embed.alias}_junction`);
      const where =
        `exists (select from ${qualified(relationship.junction)} as ${junction} where ` +
        `${equalSql(relationship.columns, ours, junction)} and ` +
        `${equalSql(relationship.foreignColumns, junction, theirs)})`;
      return readSql(embed, qualified(table), statement, { where });
    }
    default: {
      const where = equalSql(relationship.columns, ours, theirs);
      return readSql(embed, qualified(table), statement, { where });
    }
  }
};

const equalSql = (columns: ColumnPairs, ours: string, theirs: string): string =>
  columns
    .map(([one, other]) => `${theirs}.${identifier(other)} = ${ours}.${identifier(one)}`)
    .join(" and ");

const orderSql = (plan: ReadPlan): string | undefined => {
  const terms = plan.scope.order.map((term) => {
    const direction = term.direction ? ` ${term.direction}` : "";
    const nulls = term.nulls ? ` nulls ${term.nulls}` : "";
    return `${orderedSql(term, plan)}${direction}${nulls}`;
  });
  return terms.length > 0 ? `order by ${terms.join(", ")}` : undefined;
};

const orderedSql = ({ field, relation }: OrderTerm, plan: ReadPlan): string => {
  if (relation === undefined) return fieldSql(field, plan);
  const embed = plan.embeds.find(({ name }) => name === relation);
  if (!embed) {
    throw restError(
      400,
      "PGRST108",
      `'${relation}' is not an embedded resource in this request`,
      null,
      `Verify that '${relation}' is included in the 'select' query parameter.`,
    );
  }
  const { relationship } = embed;
  if (!relationship.isToOne || relationship.kind === "many-to-many") {
    throw restError(
      400,
      "PGRST118",
      `A related order on '${relation}' is not possible`,
      `'${plan.alias}' and '${relation}' do not form a many-to-one or one-to-one relationship`,
    );
  }
  const alias = `${embed.alias}_order`;
  const value = fieldSql(field, { alias, table: embed.table });
  const parent = identifier(plan.alias);
  const from =
    relationship.kind === "computed"
      ? `${qualified(relationship.routine)}(${parent}) as ${identifier(alias)}`
      : `${qualified(embed.table)} as ${identifier(alias)} where ` +
        equalSql(relationship.columns, parent, identifier(alias));
  return `(select ${value} from ${from})`;
};
