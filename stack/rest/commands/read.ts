import { planRead, type ReadPlan } from "../plan.ts";
import type { Condition } from "../query/filter.ts";
import type { RestRequest } from "../request.ts";
import type { Table } from "../schema/catalog.ts";
import type { Schema } from "../schema/schema-cache.ts";
import { answerSql } from "../sql/answer.ts";
import { readSql } from "../sql/read.ts";
import { qualified, Statement } from "../sql/statement.ts";
import type { Command } from "./command.ts";

/** GET and HEAD of a table or view. */
export const readCommand = (
  request: RestRequest,
  table: Table,
  schema: Schema,
  maxRows: number,
): Command => {
  const { query, media, preferences } = request;
  const plan = planRead({ schema, query, table, name: table.name, maxRows });
  const source = qualified(table);
  const statement = new Statement();
  const rows = readSql(plan, source, statement);
  // An estimate counts as far as a page may reach; beyond that the planner is asked.
  const most = preferences.count === "estimated" ? maxRows + 1 : undefined;
  const isCounted = preferences.count === "exact" || most !== undefined;
  const total = isCounted ? countSql(plan, source, statement, most) : undefined;
  const text = answerSql({ sources: [], rows, media, total });
  return {
    text,
    values: statement.values,
    kind: "read",
    isReadOnly: true,
    isShown: request.method === "GET",
    ...(preferences.count && preferences.count !== "exact" && estimateOf(plan, source)),
  };
};

/** The number of rows that the plan's conditions leave, whatever its page. */
export const countSql = (
  plan: ReadPlan,
  source: string,
  statement: Statement,
  most?: number,
): string => {
  const rows = readSql(counting(plan), source, statement, { isUnbounded: true });
  const bound = most !== undefined && Number.isFinite(most) ? ` limit ${most}` : "";
  return `(select count(*)::text from (${rows}${bound}) as counted)`;
};

const estimateOf = (plan: ReadPlan, source: string): Pick<Command, "estimate"> => {
  const statement = new Statement();
  const rows = readSql(counting(plan), source, statement, { isUnbounded: true });
  return { estimate: { text: `explain (format json) ${rows}`, values: statement.values } };
};

/** With those embeds only that decide which rows there are, not those that show more of them. */
const counting = (plan: ReadPlan): ReadPlan => ({
  ...plan,
  columns: [],
  embeds: plan.embeds
    .filter(({ selected, name }) => selected.isInner || mentions(plan.scope.conditions, name))
    .map((embed) => ({ ...embed, selected: { ...embed.selected, select: [] } })),
  scope: { ...plan.scope, order: [] },
});

const mentions = (conditions: readonly Condition[], name: string): boolean =>
  conditions.some((condition) =>
    condition.kind === "logic"
      ? mentions(condition.conditions, name)
      : condition.field.name === name,
  );
