import { findRoutine } from "./find-routine.ts";
import { type Payload, parseJson, readPayload } from "./payload.ts";
import { planRead, type ReadPlan } from "./plan.ts";
import type { RestRequest } from "./request.ts";
import { restError } from "./rest-error.ts";
import type { Routine, Table } from "./schema/catalog.ts";
import { nearest } from "./schema/nearest.ts";
import type { Schema } from "./schema/schema-cache.ts";
import { answerSql } from "./sql/answer.ts";
import { type Arguments, callSql } from "./sql/call.ts";
import { type Conflict, deleteSql, insertSql, updateSql } from "./sql/mutate.ts";
import { readSql } from "./sql/read.ts";
import { qualified, Statement } from "./sql/statement.ts";

/** What a request comes to: one statement, and what its result must look like. */
export interface Command {
  text: string;
  values: readonly string[];
  kind: "read" | "insert" | "update" | "delete" | "call";
  isReadOnly: boolean;
  /** Whether rows are shown; without, the answer has no body. */
  isShown: boolean;
  /** Asks the planner instead of counting: `explain` of it tells how many rows there may be. */
  estimate?: { text: string; values: readonly string[] };
  /** The function returns nothing at all. */
  isVoid?: boolean;
}

/** Holds a request against the schema; throws `RestError` where they do not fit. */
export const commandFor = (request: RestRequest, schema: Schema, maxRows: number): Command => {
  if (request.target.kind === "routine") return call(request, request.target.name, schema, maxRows);
  if (request.target.kind === "root") {
    throw restError(404, "PGRST126", "Root endpoint metadata is disabled");
  }
  const table = tableNamed(schema, request.schema, request.target.name);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return read(request, table, schema, maxRows);
    default:
      return mutate(request, table, schema);
  }
};

const tableNamed = (schema: Schema, space: string, name: string): Table => {
  const table = schema.table(space, name);
  if (table) return table;
  const suggestion = nearest(
    name,
    schema.tablesIn(space).map((one) => one.name),
  );
  throw restError(
    404,
    "PGRST205",
    `Could not find the table '${space}.${name}' in the schema cache`,
    null,
    suggestion === undefined ? null : `Perhaps you meant the table '${space}.${suggestion}'`,
  );
};

const read = (request: RestRequest, table: Table, schema: Schema, maxRows: number): Command => {
  const { query, media, preferences } = request;
  const plan = planRead({ schema, query, table, name: table.name, maxRows });
  const source = qualified(table);
  const statement = new Statement();
  const rows = readSql(plan, source, statement);
  const counted =
    preferences.count && countSql(plan, source, preferences.count, maxRows, statement);
  const text = answerSql({ sources: [], rows, media, total: counted });
  return {
    text,
    values: statement.values,
    kind: "read",
    isReadOnly: true,
    isShown: request.method === "GET",
    ...estimateOf(plan, source, preferences.count),
  };
};

/** Embeds that decide which rows there are, unlike those that only show more of them. */
const counting = (plan: ReadPlan): ReadPlan => ({
  ...plan,
  columns: [],
  embeds: plan.embeds
    .filter(({ selected, name }) => selected.isInner || isAskedFor(plan, name))
    .map((embed) => ({ ...embed, selected: { ...embed.selected, select: [] } })),
  scope: { ...plan.scope, order: [] },
});

const isAskedFor = ({ scope }: ReadPlan, name: string) =>
  JSON.stringify(scope.conditions).includes(JSON.stringify(name));

const countSql = (
  plan: ReadPlan,
  source: string,
  count: "exact" | "planned" | "estimated",
  maxRows: number,
  statement: Statement,
): string | undefined => {
  if (count === "planned") return undefined;
  const rows = readSql(counting(plan), source, statement, { isUnbounded: true });
  // An estimate counts as far as a page may reach; beyond that the planner is asked.
  const bound = count === "estimated" && Number.isFinite(maxRows) ? ` limit ${maxRows + 1}` : "";
  return `(select count(*)::text from (${rows}${bound}) as counted)`;
};

const estimateOf = (plan: ReadPlan, source: string, count: string | undefined) => {
  if (count !== "planned" && count !== "estimated") return {};
  const statement = new Statement();
  const rows = readSql(counting(plan), source, statement, { isUnbounded: true });
  return { estimate: { text: `explain (format json) ${rows}`, values: statement.values } };
};

const mutate = (request: RestRequest, table: Table, schema: Schema): Command => {
  const { query, media, preferences, method } = request;
  const isShown = preferences.return === "representation";
  const plan = planRead({
    schema,
    query,
    table,
    name: table.name,
    maxRows: Number.POSITIVE_INFINITY,
  });
  const statement = new Statement();
  const hasDefaults = preferences.missing === "default";
  const source = () => {
    switch (method) {
      case "POST": {
        const insertion = {
          payload: payloadOf(request),
          hasDefaults,
          conflict: conflictOf(request, table),
        };
        return insertSql(table, isShown ? plan : undefined, insertion, statement);
      }
      case "PATCH":
        return updateSql(table, plan, payloadOf(request), hasDefaults, statement, isShown);
      default:
        return deleteSql(table, plan, statement, isShown);
    }
  };
  const changed = `pgrst_source as (${source()})`;
  // What the conditions chose has been changed already; here it is only shown.
  const { limit: _, offset: __, ...scope } = plan.scope;
  const shown = { ...plan, scope: { ...scope, conditions: [] } };
  const rows = isShown ? readSql(shown, "pgrst_source", statement) : undefined;
  return {
    text: answerSql({ sources: [changed], media, ...(rows !== undefined && { rows }) }),
    values: statement.values,
    kind: method === "POST" ? "insert" : method === "PATCH" ? "update" : "delete",
    isReadOnly: false,
    isShown,
  };
};

const conflictOf = ({ preferences, query }: RestRequest, table: Table): Conflict | undefined => {
  if (!preferences.resolution) return undefined;
  return {
    columns: query.onConflict ?? table.primary_key,
    resolution: preferences.resolution === "merge-duplicates" ? "merge" : "ignore",
  };
};

const payloadOf = ({ body, contentType, query }: RestRequest): Payload => {
  switch (contentType) {
    case "application/json":
      return readPayload(body, query.columns);
    case "application/x-www-form-urlencoded":
      return readPayload(formJson(body), query.columns);
    default:
      throw unknownContent(contentType);
  }
};

const formJson = (body: string) => JSON.stringify(Object.fromEntries(new URLSearchParams(body)));

const unknownContent = (contentType: string) =>
  restError(415, "PGRST102", `Content-Type not acceptable: ${contentType}`);

const call = (request: RestRequest, name: string, schema: Schema, maxRows: number): Command => {
  const { query, media, preferences, method } = request;
  const { routine, given } = routineCall(request, name, schema);
  const statement = new Statement();
  const source = `pgrst_source as (${callSql(routine, given, statement)})`;
  const table = routine.returned_table === null ? undefined : schema.byOid(routine.returned_table);
  const isValue = !routine.returns_rows;
  const isSingle = !routine.returns_set;
  const plan = planRead({ schema, query, table, name: routine.name, maxRows });
  const rows = isValue
    ? "select value from pgrst_source"
    : readSql(plan, "pgrst_source", statement);
  const total =
    preferences.count === undefined
      ? undefined
      : `(select count(*)::text from (${readSql(counting(plan), "pgrst_source", statement, { isUnbounded: true })}) as counted)`;
  return {
    text: answerSql({
      sources: [source],
      rows,
      media,
      isValue,
      isSingle,
      total: isValue ? undefined : total,
    }),
    values: statement.values,
    kind: "call",
    isReadOnly: method !== "POST" || !routine.is_volatile,
    isShown: method !== "HEAD" && !routine.is_void,
    isVoid: routine.is_void,
  };
};

const routineCall = (
  request: RestRequest,
  name: string,
  schema: Schema,
): { routine: Routine; given: Arguments } => {
  const { body, contentType, query, method } = request;
  const find = (keys: readonly string[], wholeTypes: readonly string[]) =>
    findRoutine(schema, { schema: request.schema, name, keys, wholeTypes });
  if (method !== "POST") {
    const values = new Map<string, string[]>();
    for (const [key, value] of query.arguments)
      values.set(key, [...(values.get(key) ?? []), value]);
    const { routine } = find([...values.keys()], []);
    return { routine, given: { kind: "named", values } };
  }
  switch (contentType) {
    case "application/json":
    case "application/x-www-form-urlencoded": {
      const text = contentType === "application/json" ? body || "{}" : formJson(body);
      const value = parseJson(text);
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      const keys = query.columns ?? (isObject ? Object.keys(value) : []);
      const { routine, isWhole } = find(keys, ["json", "jsonb"]);
      if (isWhole) return { routine, given: { kind: "whole", body: text } };
      return { routine, given: { kind: "json", json: isObject ? text : "{}", keys } };
    }
    case "text/plain":
    case "application/octet-stream": {
      const { routine } = find([], contentType === "text/plain" ? ["text"] : ["bytea"]);
      return { routine, given: { kind: "whole", body } };
    }
    default:
      throw unknownContent(contentType);
  }
};
