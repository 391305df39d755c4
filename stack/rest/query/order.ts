import { type Field, parseField } from "./field.ts";
import { Scanner } from "./scanner.ts";

export interface OrderTerm {
  field: Field;
  /** Name or alias of a to-one embed whose column orders the parent: `order=author(name)`. */
  relation?: string;
  direction?: "asc" | "desc";
  nulls?: "first" | "last";
}

/** https://docs.postgrest.org/en/v14/references/api/tables_views.html#ordering */
export const parseOrder = (text: string): OrderTerm[] => {
  const scanner = new Scanner(text, "order");
  const terms = [parseTerm(scanner)];
  while (scanner.take(",")) terms.push(parseTerm(scanner));
  return terms;
};

const directions = { ".asc": "asc", ".desc": "desc" } as const;
const nullsOrders = { ".nullsfirst": "first", ".nullslast": "last" } as const;

const parseTerm = (scanner: Scanner): OrderTerm => {
  const first = parseField(scanner);
  const term: OrderTerm = { field: first };
  if (first.path.length === 0 && scanner.take("(")) {
    term.relation = first.name;
    term.field = parseField(scanner);
    scanner.expect(")");
  }
  const direction = taken(scanner, directions);
  if (direction) term.direction = direction;
  const nulls = taken(scanner, nullsOrders);
  if (nulls) term.nulls = nulls;
  scanner.skipBlanks();
  if (!scanner.isAtEnd && !scanner.startsWith(",")) throw misspelt(scanner, term);
  return term;
};

const taken = <T>(scanner: Scanner, words: Readonly<Record<string, T>>): T | undefined =>
  Object.entries(words).find(([word]) => scanner.take(word))?.[1];

const misspelt = (scanner: Scanner, { direction, nulls }: OrderTerm) => {
  if (nulls) return scanner.failureBeforeEnd(['","']);
  if (!scanner.take(".")) return scanner.failureBeforeEnd(["delimiter (.)", '","']);
  return direction
    ? scanner.wordFailure("nullsfirst", ['"nullsfirst"', '"nullslast"'])
    : scanner.wordFailure("asc", ['"asc"', '"desc"', '"nullsfirst"', '"nullslast"']);
};
