import { findRoutine } from "../find-routine.ts";
import { parseJson } from "../payload.ts";
import { planRead } from "../plan.ts";
import type { RestRequest } from "../request.ts";
import { restError } from "../rest-error.ts";
import type { Routine } from "../schema/catalog.ts";
import type { Schema } from "../schema/schema-cache.ts";
import { answerSql } from "../sql/answer.ts";
import { type Arguments, callSql } from "../sql/call.ts";
import { readSql } from "../sql/read.ts";
import { Statement } from "../sql/statement.ts";
import { unknownContent } from "./body.ts";
import type { Command } from "./command.ts";
import { countSql } from "./read.ts";

const source = "pgrst_source";

/** A call of a function, whose result may be selected from, filtered and embedded like a table. */
export const callCommand = (
  request: RestRequest,
  name: string,
  schema: Schema,
  maxRows: number,
): Command => {
  const { query, media, preferences, method } = request;
  const { routine, given } = routineCall(request, name, schema);
  refuseBoundless(request, routine);
  const statement = new Statement();
  const called = `${source} as (${callSql(routine, given, statement)})`;
  const table = routine.returned_table === null ? undefined : schema.byOid(routine.returned_table);
  const isValue = !routine.returns_rows;
  const { schema: space } = routine;
  const plan = planRead({ schema, query, table, name: routine.name, space, maxRows });
  if (isValue) plan.columns = [{ kind: "column", field: { name: "value", path: [] } }];
  const rows = readSql(plan, source, statement);
  const total = preferences.count && countSql(plan, source, statement);
  return {
    text: answerSql({
      sources: [called],
      rows,
      media,
      isValue,
      isSingle: !routine.returns_set,
      total,
    }),
    values: statement.values,
    kind: "call",
    isReadOnly: method !== "POST" || !routine.is_volatile,
    isShown: method !== "HEAD" && !routine.is_void,
    isVoid: routine.is_void,
  };
};

/** What affects no set of rows cannot be held to a number of them. */
const refuseBoundless = ({ preferences }: RestRequest, routine: Routine) => {
  const isAsked = preferences.handling === "strict" && preferences["max-affected"] !== undefined;
  if (isAsked && !routine.returns_set) {
    throw restError(
      400,
      "PGRST128",
      "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
    );
  }
};

interface RoutineCall {
  routine: Routine;
  given: Arguments;
}

const routineCall = (request: RestRequest, name: string, schema: Schema): RoutineCall => {
  const { body, contentType, query, method } = request;
  const find = (keys: readonly string[] | undefined, wholeTypes: readonly string[]) =>
    findRoutine(schema, { schema: request.schema, name, ...(keys && { keys }), wholeTypes });
  const named = (given: Iterable<[string, string]>): RoutineCall => {
    const values = new Map<string, string[]>();
    for (const [key, value] of given) values.set(key, [...(values.get(key) ?? []), value]);
    const { routine } = find([...values.keys()], []);
    return { routine, given: { kind: "named", values } };
  };
  if (method !== "POST") return named(query.arguments);
  switch (contentType) {
    case "application/json": {
      const value = parseJson(body || "{}");
      // Of several rows the first is the arguments.
      const isArray = Array.isArray(value);
      const row: unknown = isArray ? value[0] : value;
      const isRow = typeof row === "object" && row !== null;
      const keys = query.columns ?? (isRow ? Object.keys(row) : []);
      const { routine, isWhole } = find(keys, ["json", "jsonb"]);
      if (isWhole) return { routine, given: { kind: "whole", body: body || "{}" } };
      const json = isRow ? body || "{}" : "{}";
      return { routine, given: { kind: "json", json, isArray: isArray && isRow, keys } };
    }
    case "application/x-www-form-urlencoded":
      return named(new URLSearchParams(body));
    case "text/plain":
      return { ...find(undefined, ["text"]), given: { kind: "whole", body } };
    case "text/xml":
      return { ...find(undefined, ["xml"]), given: { kind: "whole", body } };
    case "application/octet-stream":
      return { ...find(undefined, ["bytea"]), given: { kind: "whole", body } };
    default:
      throw unknownContent(contentType);
  }
};
