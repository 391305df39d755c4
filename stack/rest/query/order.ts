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
  if (!scanner.isAtEnd) throw scanner.failure('expecting ",", ".asc", ".desc" or end of input');
  return terms;
};

const parseTerm = (scanner: Scanner): OrderTerm => {
  const first = parseField(scanner);
  const term: OrderTerm = { field: first };
  if (first.path.length === 0 && scanner.take("(")) {
    term.relation = first.name;
    term.field = parseField(scanner);
    scanner.expect(")");
  }
  if (scanner.take(".asc")) term.direction = "asc";
  else if (scanner.take(".desc")) term.direction = "desc";
  if (scanner.take(".nullsfirst")) term.nulls = "first";
  else if (scanner.take(".nullslast")) term.nulls = "last";
  return term;
};
