/** A condition on a column, as `realtime.user_defined_filter` holds it. */
export interface ChangeFilter {
  column: string;
  operator: string;
  value: string;
  negate: boolean;
}

/** What a client asks for with one `postgres_changes` binding. */
export interface ChangeRequest {
  action: "*" | "INSERT" | "UPDATE" | "DELETE";
  /** `*` is every one of the publication. */
  schema: string;
  table: string;
  filters: readonly ChangeFilter[];
  /** Null: all that the role may select. */
  columns: readonly string[] | null;
}

/** Why a binding cannot be read, in Supabase Realtime's words. */
export class MalformedRequest extends Error {}

const operators = [
  "eq",
  "neq",
  "lt",
  "lte",
  "gt",
  "gte",
  "in",
  "like",
  "ilike",
  "is",
  "match",
  "imatch",
  "isdistinct",
];

/** Reads a binding as the client sent it; throws `MalformedRequest`. */
export const readChangeRequest = (params: Readonly<Record<string, unknown>>): ChangeRequest => {
  const columns = readColumns(params.select);
  const { schema, table } = readTarget(params);
  if (columns && (schema === "*" || table === "*")) {
    throw new MalformedRequest(
      "Column selection is not supported for wildcard subscriptions. " +
        "Provide an explicit schema and table name.",
    );
  }
  const filters = typeof params.filter === "string" ? readFilters(params.filter) : [];
  return { action: readAction(params.event), schema, table, filters, columns };
};

const readAction = (event: unknown): ChangeRequest["action"] => {
  const action = typeof event === "string" ? event.toUpperCase() : "*";
  return action === "INSERT" || action === "UPDATE" || action === "DELETE" ? action : "*";
};

const readTarget = (params: Readonly<Record<string, unknown>>) => {
  const { schema, table, filter } = params;
  const isFilter = filter === undefined || typeof filter === "string";
  if (typeof schema === "string" && typeof table === "string" && isFilter) return { schema, table };
  if (filter === undefined) {
    if (typeof schema === "string" && table === undefined) return { schema, table: "*" };
    if (typeof table === "string" && schema === undefined) return { schema: "public", table };
  }
  const given = "user_token" in params || "auth_token" in params ? "<redacted>" : inspected(params);
  throw new MalformedRequest(
    "No subscription params provided. Please provide at least a `schema` or `table` " +
      `to subscribe to: ${given}`,
  );
};

/** A value of JSON as Elixir prints it. */
const inspected = (value: unknown): string => {
  if (value === null) return "nil";
  if (Array.isArray(value)) return `[${value.map(inspected).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value).replaceAll("#{", "\\#{");
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `%{${entries.map(([key, each]) => `${inspected(key)} => ${inspected(each)}`).join(", ")}}`;
};

const readColumns = (select: unknown): readonly string[] | null => {
  if (typeof select === "string") {
    throw new MalformedRequest(
      "Error parsing `select` params: expected a list of column name strings, " +
        'e.g. select: ["col1", "col2"]',
    );
  }
  const names = Array.isArray(select) ? select.filter((name) => typeof name === "string") : [];
  return names.length > 0 ? names : null;
};

const malformedFilter = (problem: string) =>
  new MalformedRequest(`Error parsing \`filter\` params: ${problem}`);

/** Conditions joined by commas outside quotes and parentheses: all must hold. */
const readFilters = (text: string): ChangeFilter[] =>
  text.trim() === "" ? [] : splitAtCommas(text.trim()).map(readFilter);

const splitAtCommas = (text: string): string[] => {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  let isQuoted = false;
  let before = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (isQuoted && char === "\\") part += char + text.charAt(++at);
    else if (char === "," && depth === 0 && !isQuoted) {
      parts.push(part);
      part = "";
    } else {
      part += char;
      // Quotes are such only where a value begins; elsewhere they are part of it.
      if (char === '"' && (isQuoted || [".", "(", ","].includes(before))) isQuoted = !isQuoted;
      else if (char === "(" && !isQuoted) depth++;
      else if (char === ")" && !isQuoted) depth = Math.max(0, depth - 1);
    }
    before = text.charAt(at);
  }
  return [...parts, part];
};

const readFilter = (segment: string): ChangeFilter => {
  const text = segment.trim();
  if (text === "") {
    throw malformedFilter("filter must not contain empty segments (check for extra commas)");
  }
  const [column, condition] = cut(text, "=");
  if (condition === undefined) throw malformedFilter(JSON.stringify([text]));
  const negate = condition.startsWith("not.");
  const [operator, value] = cut(negate ? condition.slice("not.".length) : condition, ".");
  if (value === undefined) throw malformedFilter(JSON.stringify([operator]));
  if (!operators.includes(operator)) {
    throw malformedFilter(`["${operator}", ${JSON.stringify(value)}]`);
  }
  return { column, operator, value: readValue(operator, value), negate };
};

const readValue = (operator: string, value: string): string => {
  if (operator !== "in") return unquoted(value);
  if (!/^\(.*\)$/s.test(value)) {
    throw malformedFilter("`in` filter value must be wrapped by parentheses");
  }
  return `{${value.slice(1, -1)}}`;
};

/** A value in double quotes without them; any other as it is. */
const unquoted = (value: string): string => {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/s.exec(value) ?? [];
  return inner === undefined ? value : inner.replace(/\\(.)/gs, "$1");
};

const cut = (text: string, separator: string): [string, string | undefined] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
};
