import { type Payload, parseJson, readPayload } from "../payload.ts";
import { planRead, type ReadPlan } from "../plan.ts";
import type { RestRequest } from "../request.ts";
import { restError } from "../rest-error.ts";
import type { Table } from "../schema/catalog.ts";
import type { Schema } from "../schema/schema-cache.ts";
import { answerSql } from "../sql/answer.ts";
import { deleteSql, type Insertion, insertSql, updateSql } from "../sql/mutate.ts";
import { readSql } from "../sql/read.ts";
import { Statement } from "../sql/statement.ts";
import { payloadJson } from "./body.ts";
import type { Command } from "./command.ts";

/** POST to a table: an insert, or with a resolution of duplicates an upsert. */
export const insertCommand = (request: RestRequest, table: Table, schema: Schema): Command => {
  const { resolution } = request.preferences;
  const conflict = resolution && {
    columns: request.query.onConflict ?? table.primary_key,
    resolution: resolution === "merge-duplicates" ? ("merge" as const) : ("ignore" as const),
  };
  const command = insert(request, table, schema, { payload: payloadOf(request), conflict });
  return { ...command, isKeyless: conflict?.columns.length === 0 };
};

/** PUT: the row whose key the address names, made or replaced. */
export const putCommand = (request: RestRequest, table: Table, schema: Schema): Command => {
  const payload = payloadOf(request);
  refuseOtherRow(request, table, payload);
  const conflict = { columns: table.primary_key, resolution: "merge" } as const;
  const command = insert(request, table, schema, { payload, conflict, isSingle: true });
  return { ...command, kind: command.isShown ? "upsert" : "update" };
};

const insert = (
  request: RestRequest,
  table: Table,
  schema: Schema,
  insertion: Omit<Insertion, "hasDefaults">,
): Command => {
  const { preferences } = request;
  const plan = planOf(request, table, schema);
  const statement = new Statement();
  const isShown = preferences.return === "representation";
  const isLocated = preferences.return === "headers-only" && table.primary_key.length > 0;
  const hasDefaults = preferences.missing === "default";
  const returned = isShown ? plan : isLocated ? keyPlan(table) : undefined;
  const changed = insertSql(table, returned, { ...insertion, hasDefaults }, statement);
  const isMerge = insertion.conflict?.resolution === "merge" && table.has_row_versions;
  return {
    ...answered(request, table, changed, returned, statement, isMerge),
    kind: isMerge ? "upsert" : "insert",
    isShown,
    isLocated,
  };
};

export const updateCommand = (request: RestRequest, table: Table, schema: Schema): Command => {
  const { preferences } = request;
  const plan = planOf(request, table, schema);
  const statement = new Statement();
  const isShown = preferences.return === "representation";
  const hasDefaults = preferences.missing === "default";
  const payload = payloadOf(request);
  const changed = updateSql(table, plan, payload, hasDefaults, statement, isShown);
  const command = answered(request, table, changed, isShown ? plan : undefined, statement);
  return { ...command, kind: "update", isShown };
};

export const deleteCommand = (request: RestRequest, table: Table, schema: Schema): Command => {
  const plan = planOf(request, table, schema);
  const statement = new Statement();
  const isShown = request.preferences.return === "representation";
  const changed = deleteSql(table, plan, statement, isShown);
  const command = answered(request, table, changed, isShown ? plan : undefined, statement);
  return { ...command, kind: "delete", isShown };
};

const planOf = ({ query }: RestRequest, table: Table, schema: Schema): ReadPlan =>
  planRead({ schema, query, table, name: table.name, maxRows: Number.POSITIVE_INFINITY });

const keyPlan = (table: Table): ReadPlan => ({
  table,
  alias: table.name,
  columns: columnsNamed(table.primary_key),
  embeds: [],
  scope: { conditions: [], order: [] },
});

const columnsNamed = (names: readonly string[]): ReadPlan["columns"] =>
  names.map((name) => ({ kind: "column", field: { name, path: [] } }));

/** The change, and the rows that it leaves as the plan shows them. */
const answered = (
  { media }: RestRequest,
  table: Table,
  changed: string,
  plan: ReadPlan | undefined,
  statement: Statement,
  isMerge = false,
) => {
  const rows = plan && readSql(shown(plan, table), "pgrst_source", statement);
  const sources = [`pgrst_source as (${changed})`];
  const text = answerSql({ sources, media, isMerge, ...(rows !== undefined && { rows }) });
  return { text, values: statement.values, isReadOnly: false };
};

/** What the conditions chose has been changed by now; `*` is the table's own columns. */
const shown = (plan: ReadPlan, table: Table): ReadPlan => {
  const { limit: _, offset: __, ...scope } = plan.scope;
  const columns = plan.columns.flatMap((column) =>
    column.field.name === "*" ? columnsNamed(table.columns.map(({ name }) => name)) : [column],
  );
  return { ...plan, columns, scope: { ...scope, conditions: [] } };
};

const payloadOf = (request: RestRequest): Payload =>
  readPayload(payloadJson(request), request.query.columns);

/** A PUT names its row twice, in the address and in the body; the two must agree. */
const refuseOtherRow = ({ query }: RestRequest, table: Table, { json }: Payload) => {
  const scope = query.scopes.get("");
  const named = new Map<string, string>();
  for (const condition of scope?.conditions ?? []) {
    const isEqual =
      condition.kind === "filter" &&
      !condition.isNegated &&
      condition.operation.kind === "compare" &&
      condition.operation.operator === "=" &&
      condition.field.path.length === 0;
    if (!isEqual || condition.operation.kind !== "compare") throw filtersForPut();
    named.set(condition.field.name, condition.operation.value);
  }
  const isKey =
    table.primary_key.length === named.size && table.primary_key.every((one) => named.has(one));
  if (!isKey || named.size === 0) throw filtersForPut();
  if (scope?.limit !== undefined || scope?.offset !== undefined) {
    throw restError(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT");
  }
  const value = parseJson(json);
  const row = new Map(Object.entries(Object(Array.isArray(value) ? value[0] : value)));
  for (const [name, wanted] of named) {
    if (String(row.get(name)) !== wanted) {
      throw restError(400, "PGRST115", "Payload values do not match URL in primary key column(s)");
    }
  }
};

const filtersForPut = () =>
  restError(
    405,
    "PGRST105",
    "Filters must include all and only primary key columns with 'eq' operators",
  );
