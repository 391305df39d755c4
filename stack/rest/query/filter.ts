import { type Field, parseField, parsePath } from "./field.ts";
import { nameLabel, Scanner, sharedLength } from "./scanner.ts";

export type IsValue = "null" | "not null" | "true" | "false" | "unknown";

/** What is asked of a field. */
export type Operation =
  | { kind: "compare"; operator: string; value: string; quantifier?: "any" | "all" }
  | { kind: "in"; values: string[] }
  | { kind: "is"; value: IsValue }
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

const operators = [
  ...Object.keys(comparisons),
  ...Object.keys(textSearches),
  "isdistinct",
  "in",
  "is",
];

/** The longest first: `lte` before `lt`. */
const operatorWord = new RegExp(
  operators.sort((one, two) => two.length - one.length).join("|"),
  "y",
);

const delimiterLabel = "delimiter (.)";
const operatorLabel = "operator (eq, gt, ...)";

/** Whether a parameter of a function call is a filter on its result instead of an argument. */
export const looksLikeFilter = (value: string): boolean => {
  const [, isNegated, operator] = /^(not\.)?(?:([a-z]+)(?:\([^)]*\))?\.)?/.exec(value) ?? [];
  return isNegated !== undefined || (operator !== undefined && operators.includes(operator));
};

/** `column=operator.value`; the value runs to the end. */
export const parseFilter = (field: Field, text: string): Filter => {
  const scanner = new Scanner(text, "filter");
  const rest = () => {
    const value = scanner.text.slice(scanner.at);
    scanner.at = scanner.text.length;
    return value;
  };
  return { kind: "filter", field, ...parseOperation(scanner, rest) };
};

/** `and=(…)`, `or=(…)`. What follows the closing parenthesis does not count. */
export const parseLogic = (operator: "and" | "or", isNegated: boolean, text: string): LogicTree => {
  const ahead = isNegated ? `not.${operator}` : operator;
  const scanner = new Scanner(text, "logic tree", ahead.length);
  return { kind: "logic", operator, isNegated, conditions: parseGroup(scanner) };
};

const parseGroup = (scanner: Scanner): Condition[] => {
  scanner.skipBlanks();
  scanner.expect("(");
  scanner.skipBlanks();
  const conditions = [parseCondition(scanner)];
  while (takeComma(scanner)) conditions.push(parseCondition(scanner));
  scanner.allow('","');
  scanner.expect(")");
  scanner.skipBlanks();
  return conditions;
};

const takeComma = (scanner: Scanner): boolean => {
  scanner.skipBlanks();
  const isTaken = scanner.take(",");
  scanner.skipBlanks();
  return isTaken;
};

const conditionLabels = [nameLabel, "negation operator (not)", "logic operator (and, or)"];

const parseCondition = (scanner: Scanner): Condition => {
  const start = scanner.at;
  const isNegated = scanner.take("not.");
  const operator = scanner.match(/(?:and|or)(?=[ \t]*\()/y);
  if (operator === "and" || operator === "or") {
    return { kind: "logic", operator, isNegated, conditions: parseGroup(scanner) };
  }
  scanner.at = start;
  const field = parseField(scanner, conditionLabels);
  scanner.expect(".", delimiterLabel);
  return { kind: "filter", field, ...parseOperation(scanner, () => parseDelimited(scanner)) };
};

/** A value inside a logic tree: quoted, an array, or whatever comes before `,` and `)`. */
const parseDelimited = (scanner: Scanner): string =>
  scanner.quotedValue() ?? scanner.match(/\{[^{}]*\}/y) ?? scanner.match(/[^,)]*/y) ?? "";

const parseOperation = (
  scanner: Scanner,
  value: () => string,
): Pick<Filter, "isNegated" | "operation"> => {
  const isNegated = parseNot(scanner);
  const name = scanner.match(operatorWord);
  if (name === undefined) throw unknownOperator(scanner, isNegated);
  return { isNegated, operation: parseOperand(scanner, name, value) };
};

const parseNot = (scanner: Scanner): boolean => {
  const isNegated = scanner.take("not");
  if (isNegated) scanner.expect(".", delimiterLabel);
  return isNegated;
};

const unknownOperator = (scanner: Scanner, isNegated: boolean) =>
  isNegated
    ? scanner.wordFailure("in", [operatorLabel])
    : scanner.wordFailure("not", ['"not"', operatorLabel]);

const parseOperand = (scanner: Scanner, name: string, value: () => string): Operation => {
  const search = textSearches[name];
  if (search) {
    const language = scanner.match(/\([\p{L}\p{N}_ $]+\)/uy)?.slice(1, -1);
    if (scanner.take("(")) throw scanner.failure([operatorLabel]);
    scanner.expect(".", operatorLabel);
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
    if (quantifiable.has(name) && scanner.take("(")) {
      throw scanner.wordFailure("any", [operatorLabel]);
    }
    scanner.expect(".", operatorLabel);
    return {
      kind: "compare",
      operator,
      value: value(),
      ...(quantifier !== undefined && { quantifier: quantifier === "(any)" ? "any" : "all" }),
    };
  }
  scanner.expect(".", operatorLabel);
  if (name === "in") return { kind: "in", values: parseList(scanner) };
  if (name === "is") return { kind: "is", value: parseIs(scanner) };
  return { kind: "isdistinct", value: value() };
};

const isWords = ["null", "not_null", "true", "false", "unknown"] as const;

const parseIs = (scanner: Scanner): IsValue => {
  const text = scanner.text.toLowerCase();
  const found = isWords.find((word) => text.startsWith(word, scanner.at));
  if (found === undefined) {
    scanner.at += Math.max(...isWords.map((word) => sharedLength(word, text, scanner.at)));
    throw scanner.failure(["isVal: (null, not_null, true, false, unknown)"]);
  }
  scanner.at += found.length;
  return found === "not_null" ? "not null" : found;
};

const parseList = (scanner: Scanner): string[] => {
  scanner.skipBlanks();
  scanner.expect("(");
  scanner.skipBlanks();
  const values: string[] = [];
  do {
    values.push(scanner.quotedValue() ?? scanner.match(/[^,)]*/y) ?? "");
  } while (scanner.take(","));
  scanner.allow('","');
  scanner.expect(")");
  scanner.skipBlanks();
  // `in.()` is a list of nothing.
  return values.length === 1 && values[0] === "" ? [] : values;
};

/** A field that may stand before a filter, as the key of a parameter. */
export const parseKey = (text: string): Field => {
  const scanner = new Scanner(text, "tree path");
  return { name: scanner.name(), path: parsePath(scanner) };
};
