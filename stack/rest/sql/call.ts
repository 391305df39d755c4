import type { Routine } from "../schema/catalog.ts";
import { arrayLiteral, identifier, qualified, type Statement } from "./statement.ts";

/** Arguments of a call: named ones from a query string, or a JSON body. */
export type Arguments =
  | { kind: "named"; values: ReadonlyMap<string, readonly string[]> }
  /** Of an array its first object is meant. */
  | { kind: "json"; json: string; isArray: boolean; keys: readonly string[] }
  /** The whole body is the one unnamed argument. */
  | { kind: "whole"; body: string };

/** The rows of a call; a plain value stands in the column `value`. */
export const callSql = (routine: Routine, given: Arguments, statement: Statement): string => {
  const { body, call } = invocation(routine, given, statement);
  if (routine.returns_rows) {
    return `select called.* from ${[...body, `lateral ${call} as called`].join(", ")}`;
  }
  return `select ${call} as value${body.length > 0 ? ` from ${body.join(", ")}` : ""}`;
};

const invocation = (routine: Routine, given: Arguments, statement: Statement) => {
  const name = qualified(routine);
  if (given.kind === "whole") {
    const type = routine.arguments[0]?.type ?? "text";
    return { body: [], call: `${name}(${statement.bind(given.body)}::${type})` };
  }
  const used = routine.arguments.filter((argument) =>
    given.kind === "named" ? given.values.has(argument.name) : given.keys.includes(argument.name),
  );
  if (given.kind === "named") {
    const values = used.map((argument) => {
      const values = given.values.get(argument.name) ?? [];
      const text = argument.is_variadic ? arrayLiteral(values) : (values.at(-1) ?? "");
      return passed(argument, `${statement.bind(text)}::${argument.type}`);
    });
    return { body: [], call: `${name}(${values.join(", ")})` };
  }
  if (used.length === 0) return { body: [], call: `${name}()` };
  const columns = used.map((argument) => `${identifier(argument.name)} ${argument.type}`);
  const values = used.map((argument) =>
    passed(argument, `pgrst_body.${identifier(argument.name)}`),
  );
  return {
    body: [
      `json_to_record(${statement.bind(given.json)}::json${given.isArray ? " -> 0" : ""}) ` +
        `as pgrst_body (${columns.join(", ")})`,
    ],
    call: `${name}(${values.join(", ")})`,
  };
};

const passed = ({ name, is_variadic }: Routine["arguments"][number], value: string) =>
  `${is_variadic ? "variadic " : ""}${identifier(name)} := ${value}`;
