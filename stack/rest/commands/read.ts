import { Recent } from "../../recent.ts";
import { planRead, type ReadPlan } from "../plan.ts";
import type { Condition } from "../query/filter.ts";
import type { RestRequest } from "../request.ts";
import type { Table } from "../schema/catalog.ts";
import type { Schema } from "../schema/schema-cache.ts";
import { answerSql } from "../sql/answer.ts";
import { readSql } from "../sql/read.ts";
import { type Operand, operandText, qualified, Statement } from "../sql/statement.ts";
import type { Command } from "./command.ts";
import { shapeOf } from "./shape.ts";

/** GET and HEAD of a table or view. */
export const readCommand = (
  request: RestRequest,
  table: Table,
  schema: Schema,
  maxRows: number,
): Command => {
  const { query, media, preferences } = request;
  const { shape, operands } = shapeOf(query);
  const values = operands.map(operandText);
  const given = ({ text, places }: Text) => ({
    text,
    values: places.map((place) => values[place] ?? ""),
  });
  const key = `${table.oid} ${media.kind} ${media.isStripped} ${preferences.count} ${shape}`;
  const { answer, estimate } = readsOf(schema).take(key, () =>
    composeRead(request, table, schema, maxRows, operands),
  );
  return {
    ...given(answer),
    kind: "read",
    isReadOnly: true,
    isShown: request.method === "GET",
    ...(estimate && { estimate: given(estimate) }),
  };
};

/** A statement's text, and which of the query's values are its `$1 …`. */
interface Text {
  text: string;
  places: number[];
}

interface Read {
  answer: Text;
  estimate?: Text;
}

/**
 * Reads that were asked for lately, by their shape: working one out takes a good part of the time
 * that it runs. A schema that is read anew begins with none.
 */
const knownReads = new WeakMap<Schema, Recent<string, Read>>();
const keptReads = 200;

const readsOf = (schema: Schema): Recent<string, Read> => {
  const reads = knownReads.get(schema) ?? new Recent(keptReads);
  knownReads.set(schema, reads);
  return reads;
};

const composeRead = (
  { query, media, preferences }: RestRequest,
  table: Table,
  schema: Schema,
  maxRows: number,
  operands: readonly (string | Operand)[],
): Read => {
  const plan = planRead({ schema, query, table, name: table.name, maxRows });
  const source = qualified(table);
  const placesOf = ({ bound }: Statement) => bound.map((value) => placeOf(value, operands));
  const statement = new Statement();
  const rows = readSql(plan, source, statement);
  // An estimate counts as far as a page may reach; beyond that the planner is asked.
  const most = preferences.count === "estimated" ? maxRows + 1 : undefined;
  const isCounted = preferences.count === "exact" || most !== undefined;
  const total = isCounted ? countSql(plan, source, statement, most) : undefined;
  const text = answerSql({ sources: [], rows, media, total });
  const answer = { text, places: placesOf(statement) };
  if (!preferences.count || preferences.count === "exact") return { answer };
  const planned = new Statement();
  const counted = readSql(counting(plan), source, planned, { isUnbounded: true });
  const explain = `explain (format json) ${counted}`;
  return { answer, estimate: { text: explain, places: placesOf(planned) } };
};

/** Of another value the next query of this shape would not know what it is. */
const placeOf = (value: string | Operand, operands: readonly (string | Operand)[]): number => {
  const place = operands.indexOf(value);
  if (place === -1) throw new TypeError("A read binds the values of its query alone.");
  return place;
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
