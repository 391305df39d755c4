import { type Field, parseField } from "./field.ts";
import { Scanner } from "./scanner.ts";

/** What is asked of a field. */
export type Operation =
  | { kind: "compare"; operator: string; value: string; quantifier?: "any" | "all" }
  | { kind: "in"; values: string[] }
  | { kind: "is"; value: "null" | "not null" | "true" | "false" | "unknown" }
  | { kind: "isdistinct"; value: string }
  | { kind: "fts"; function: string; value: string; language?: string };

export interface Filter {
  kind: "filter";
  field: Field;
  isNegated: boolean;
  operation: Operation;
}

export interface LogicTree {
  kind: "logic";
  operator: "and" | "or";
  isNegated: boolean;
  conditions: Condition[];
}

export type Condition = Filter | LogicTree;

/** https://docs.postgrest.org/en/v14/references/api/tables_views.html#operators */
const comparisons: Readonly<Record<string, string>> = {
  eq: "=",
  gte: ">=",
  gt: ">",
  lte: "<=",
  lt: "<",
  neq: "<>",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
  cs: "@>",
  cd: "<@",
  ov: "&&",
  sl: "<<",
  sr: ">>",
  nxr: "&<",
  nxl: "&>",
  adj: "-|-",
};

const quantifiable = new Set(["eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"]);

const textSearches: Readonly<Record<string, string>> = {
  fts: "to_tsquery",
  plfts: "plainto_tsquery",
  phfts: "phraseto_tsquery",
  wfts: "websearch_to_tsquery",
};

const isOperators = [...Object.keys(comparisons), ...Object.keys(textSearches), "in", "is"];

/** Whether a parameter of a function call is a filter on its result instead of an argument. */
export const looksLikeFilter = (value: string): boolean => {
  const [, operator] = /^(?:not\.)?([a-z]+)(?:\([^)]*\))?\./.exec(value) ?? [];
  return operator !== undefined && (operator === "isdistinct" || isOperators.includes(operator));
};

/** `column=operator.value`; the value runs to the end. */
export const parseFilter = (field: Field, text: string): Filter => {
  const scanner = new Scanner(text, "filter");
  const isNegated = scanner.take("not.");
  const rest = () => {
    const value = scanner.text.slice(scanner.at);
    scanner.at = scanner.text.length;
    return value;
  };
  return { kind: "filter", field, isNegated, operation: parseOperation(scanner, rest) };
};

/** `and=(…)`, `or=(…)`. */
export const parseLogic = (operator: "and" | "or", isNegated: boolean, text: string): LogicTree => {
  const scanner = new Scanner(text, "logic tree");
  const tree: LogicTree = { kind: "logic", operator, isNegated, conditions: parseGroup(scanner) };
  if (!scanner.isAtEnd) throw scanner.failure("expecting end of input");
  return tree;
};

const parseGroup = (scanner: Scanner): Condition[] => {
  scanner.expect("(");
  const conditions = [parseCondition(scanner)];
  while (scanner.take(",")) conditions.push(parseCondition(scanner));
  scanner.expect(")");
  return conditions;
};

const parseCondition = (scanner: Scanner): Condition => {
  scanner.match(/ +/y);
  const start = scanner.at;
  const isNegated = scanner.take("not.");
  const operator = scanner.match(/(?:and|or)(?=\()/y);
  if (operator === "and" || operator === "or") {
    return { kind: "logic", operator, isNegated, conditions: parseGroup(scanner) };
  }
  scanner.at = start;
  const field = parseField(scanner);
  scanner.expect(".");
  const isFieldNegated = scanner.take("not.");
  const operation = parseOperation(scanner, () => parseDelimited(scanner));
  return { kind: "filter", field, isNegated: isFieldNegated, operation };
};

/** A value inside a logic tree: quoted, an array, or whatever comes before `,` and `)`. */
const parseDelimited = (scanner: Scanner): string => {
  if (scanner.startsWith('"')) return scanner.quoted();
  return scanner.match(/\{[^{}]*\}/y) ?? scanner.match(/[^,)]*/y) ?? "";
};

const parseOperation = (scanner: Scanner, value: () => string): Operation => {
  const name = scanner.match(/[a-z]+/y) ?? "";
  const search = textSearches[name];
  if (search) {
    const language = scanner.match(/\([^)]+\)/y)?.slice(1, -1);
    scanner.expect(".");
    return {
      kind: "fts",
      function: search,
      ...(language !== undefined && { language }),
      value: value(),
    };
  }
  const operator = comparisons[name];
  if (operator) {
    const quantifier = quantifiable.has(name) ? scanner.match(/\((?:any|all)\)/y) : undefined;
    scanner.expect(".");
    return {
      kind: "compare",
      operator,
      value: value(),
      ...(quantifier !== undefined && { quantifier: quantifier === "(any)" ? "any" : "all" }),
    };
  }
  if (name === "in") {
    scanner.expect(".");
    return { kind: "in", values: parseList(scanner) };
  }
  if (name === "is") {
    scanner.expect(".");
    return { kind: "is", value: parseIs(scanner) };
  }
  if (name === "isdistinct") {
    scanner.expect(".");
    return { kind: "isdistinct", value: value() };
  }
  scanner.at -= name.length;
  throw scanner.failure("expecting operator (eq, gt, ...)");
};

const parseIs = (scanner: Scanner) => {
  const found = scanner.match(/(?:null|not_null|true|false|unknown)(?=$|[,)])/iy)?.toLowerCase();
  switch (found) {
    case "not_null":
      return "not null";
    case "null":
    case "true":
    case "false":
    case "unknown":
      return found;
    default:
      throw scanner.failure("expecting null, not_null, true, false or unknown");
  }
};

const parseList = (scanner: Scanner): string[] => {
  scanner.expect("(");
  const values: string[] = [];
  if (scanner.take(")")) return values;
  do {
    values.push(scanner.startsWith('"') ? scanner.quoted() : (scanner.match(/[^,)]*/y) ?? ""));
  } while (scanner.take(","));
  scanner.expect(")");
  return values;
};

/** A field that may stand before a filter, as the key of a parameter. */
export const parseKey = (text: string): Field => {
  const scanner = new Scanner(text, "tree path");
  const field = parseField(scanner);
  if (!scanner.isAtEnd) throw scanner.failure("expecting a field name");
  return field;
};
