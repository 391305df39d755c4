import { Recent } from "../../recent.ts";
import { restError } from "../rest-error.ts";
import { type Field, parsePath } from "./field.ts";
import { nameLabel, Scanner } from "./scanner.ts";

export interface SelectedColumn {
  kind: "column";
  /** Its name is `*` for all columns. */
  field: Field;
  alias?: string;
  cast?: string;
}

export interface SelectedEmbed {
  kind: "embed";
  target: string;
  alias?: string;
  /** Which relationship is meant: a foreign key's name, a column's or a junction's. */
  hint?: string;
  isInner: boolean;
  /** `...target(columns)`: the columns stand beside those of the parent. */
  isSpread: boolean;
  select: Selected[];
}

export type Selected = SelectedColumn | SelectedEmbed;

/** https://docs.postgrest.org/en/v14/references/api/tables_views.html#vertical-filtering */
export const parseSelect = (text: string): readonly Selected[] =>
  parsed.take(text, () => parseItems(new Scanner(text, "select parameter")));

/** Programs write them, so the same ones come again and again. */
const parsed = new Recent<string, readonly Selected[]>(200);

const parseItems = (scanner: Scanner): Selected[] => {
  scanner.skipBlanks();
  if (scanner.isAtEnd || scanner.startsWith(")")) return [];
  const items = [parseItem(scanner)];
  while (scanner.take(",")) items.push(parseItem(scanner));
  return items;
};

const itemLabels = ['"..."', nameLabel, '"*"', '"count()"'];

const parseItem = (scanner: Scanner): Selected => {
  scanner.skipBlanks();
  const item = parseBareItem(scanner);
  scanner.skipBlanks();
  if (!scanner.isAtEnd && !scanner.startsWith(",") && !scanner.startsWith(")")) {
    throw scanner.failureBeforeEnd(['")"', '","']);
  }
  return item;
};

const parseBareItem = (scanner: Scanner): Selected => {
  if (scanner.take("...")) {
    const target = scanner.name();
    return parseEmbed(scanner, target, { isSpread: true });
  }
  if (scanner.take("*")) return { kind: "column", field: { name: "*", path: [] } };
  const first = scanner.name(itemLabels);
  const isAlias = scanner.startsWith(":") && !scanner.startsWith("::");
  if (isAlias) scanner.expect(":");
  const name = isAlias ? scanner.name() : first;
  const alias = isAlias ? { alias: first } : {};
  if (name === "count" && scanner.startsWith("()")) throw aggregatesRefused();
  if (scanner.looksAt(/(?:![^!(,)]*)*\(/y)) {
    return parseEmbed(scanner, name, { isSpread: false, ...alias });
  }
  const field = { name, path: parsePath(scanner) };
  const cast = scanner.take("::") ? parseCast(scanner) : undefined;
  if (cast === undefined) scanner.allow('"::"');
  if (scanner.match(/\.(?:count|sum|avg|min|max)\(\)/y)) throw aggregatesRefused();
  scanner.allow('"."');
  return { kind: "column", field, ...alias, ...(cast !== undefined && { cast }) };
};

const parseCast = (scanner: Scanner): string => {
  const cast = scanner.match(/[\p{L}\p{N}_ ]+(?:\(\d+(?:,\d+)?\))?(?:\[\])*/uy);
  if (cast === undefined) throw scanner.failure(["letter", "digit"]);
  return cast.trim();
};

const parseEmbed = (
  scanner: Scanner,
  target: string,
  given: { alias?: string; isSpread: boolean },
): SelectedEmbed => {
  let hint: string | undefined;
  let isInner = false;
  while (scanner.take("!")) {
    const modifier = scanner.name();
    if (modifier === "inner") isInner = true;
    else if (modifier !== "left") hint = modifier;
  }
  scanner.expect("(");
  const select = parseItems(scanner);
  scanner.expect(")");
  return { kind: "embed", target, isInner, select, ...given, ...(hint !== undefined && { hint }) };
};

/** Off by default, as on Supabase: a sum over a large table is a way to bring a database down. */
const aggregatesRefused = () =>
  restError(400, "PGRST123", "Use of aggregate functions is not allowed");

/** The names that `columns=` or `on_conflict=` lists. */
export const parseColumns = (parameter: string, text: string): string[] => {
  const scanner = new Scanner(text, `${parameter} parameter`);
  const names = [scanner.name()];
  for (;;) {
    scanner.skipBlanks();
    if (!scanner.take(",")) return names;
    scanner.skipBlanks();
    names.push(scanner.name());
  }
};
