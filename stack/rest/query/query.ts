import { restError } from "../rest-error.ts";
import { type Condition, looksLikeFilter, parseFilter, parseKey, parseLogic } from "./filter.ts";
import { type OrderTerm, parseOrder } from "./order.ts";
import { parseColumns, parseSelect, type Selected } from "./select.ts";

/** What a request says about one level: the resource itself, or one of its embeds. */
export interface Scope {
  conditions: Condition[];
  order: OrderTerm[];
  limit?: number;
  offset?: number;
}

/** A request's query string, understood but not yet held against the schema. */
export interface Query {
  select: readonly Selected[];
  selectText: string;
  /** By the path of embeds, joined by dots; the resource itself is the empty path. */
  scopes: Map<string, Scope>;
  columns?: string[];
  onConflict?: string[];
  /** Arguments of a function that is called by GET; a name may come several times. */
  arguments: [name: string, value: string][];
}

/** `isCall`: what does not look like a filter is an argument, as in `GET /rpc/add?a=1&b=2`. */
export const parseQuery = (parameters: URLSearchParams, isCall = false): Query => {
  const query: Query = { select: everything, selectText: "", scopes: new Map(), arguments: [] };
  for (const [key, value] of parameters) {
    switch (key) {
      case "select":
        query.select = value === "" ? everything : parseSelect(value);
        query.selectText = value;
        break;
      case "columns":
        query.columns = parseColumns(key, value);
        break;
      case "on_conflict":
        query.onConflict = parseColumns(key, value);
        break;
      case "apikey":
        break;
      default:
        if (isCall && !isReserved(key) && !looksLikeFilter(value))
          query.arguments.push([key, value]);
        else parseScoped(query, key, value);
    }
  }
  return query;
};

const everything: Selected[] = [{ kind: "column", field: { name: "*", path: [] } }];

const lastWord = /^(?:(.+)\.)?(order|limit|offset|(?:not\.)?(?:and|or))$/;

const negation = /^not(?:\.|$)/;

const isReserved = (key: string) => lastWord.test(key);

const parseScoped = (query: Query, key: string, value: string): void => {
  const [, path = "", word] = lastWord.exec(key) ?? [];
  switch (word) {
    case "order":
      setOrder(scopeOf(query, path), parseOrder(value));
      return;
    case "limit":
      setLimit(scopeOf(query, path), value);
      return;
    case "offset":
      setOffset(scopeOf(query, path), value);
      return;
    case "and":
    case "or": {
      // The negation may also stand before the path.
      const [isNegated, place] = negation.test(path)
        ? [true, path.replace(negation, "")]
        : [false, path];
      scopeOf(query, place).conditions.push(parseLogic(word, isNegated, value));
      return;
    }
    case "not.and":
      scopeOf(query, path).conditions.push(parseLogic("and", true, value));
      return;
    case "not.or":
      scopeOf(query, path).conditions.push(parseLogic("or", true, value));
      return;
  }
  const [embeds, name] = splitPath(key);
  scopeOf(query, embeds).conditions.push(parseFilter(parseKey(name), value));
};

/** Where the last dot outside quotes and JSON paths divides embeds from the column. */
const splitPath = (key: string): [embeds: string, name: string] => {
  const [, embeds = "", name = key] =
    /^((?:(?:"[^"]*"|[^".]+)\.)*?)((?:"[^"]*"|[^".]+)(?:->.*)?)$/s.exec(key) ?? [];
  return [embeds.slice(0, -1).replaceAll('"', ""), name];
};

const scopeOf = (query: Query, path: string): Scope => {
  const known = query.scopes.get(path);
  if (known) return known;
  const scope: Scope = { conditions: [], order: [] };
  query.scopes.set(path, scope);
  return scope;
};

/** Of several orders the first counts. */
const setOrder = (scope: Scope, order: OrderTerm[]): void => {
  if (scope.order.length === 0) scope.order = order;
};

/** What is no number limits nothing. */
const setLimit = (scope: Scope, text: string): void => {
  if (!/^-?\d+$/.test(text)) return;
  if (text.startsWith("-")) throw unsatisfiable("Limit should be greater than or equal to zero.");
  scope.limit = Math.min(Number(text), Number.MAX_SAFE_INTEGER);
};

const setOffset = (scope: Scope, text: string): void => {
  if (/^\d+$/.test(text)) scope.offset = Math.min(Number(text), Number.MAX_SAFE_INTEGER);
};

export const unsatisfiable = (details: string) =>
  restError(416, "PGRST103", "Requested range not satisfiable", details);
