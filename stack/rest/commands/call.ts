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
import { formJson, unknownContent } from "./body.ts";
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
  const plan = planRead({ schema, query, table, name: routine.name, maxRows });
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
  const find = (keys: readonly string[], wholeTypes: readonly string[]) =>
    findRoutine(schema, { schema: request.schema, name, keys, wholeTypes });
  if (method !== "POST") {
    const values = new Map<string, string[]>();
    for (const [key, value] of query.arguments) {
      values.set(key, [...(values.get(key) ?? []), value]);
    }
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
      return { ...find([], ["text"]), given: { kind: "whole", body } };
    case "application/octet-stream":
      return { ...find([], ["bytea"]), given: { kind: "whole", body } };
    default:
      throw unknownContent(contentType);
  }
};
