import type { Scanner } from "./scanner.ts";

/** One step into a JSON value: `->key`, `->>key`, `->0`. */
export interface JsonStep {
  arrow: "->" | "->>";
  key: string;
  isIndex: boolean;
}

/** A column, or a place in a JSON column. */
export interface Field {
  name: string;
  path: JsonStep[];
}

const jsonKey = /[^-,.:()>]+(?:-(?!>)[^-,.:()>]*)*/uy;
const keyLabel = "any non reserved character different from: .,>()";

export const parsePath = (scanner: Scanner): JsonStep[] => {
  const path: JsonStep[] = [];
  while (scanner.startsWith("->")) {
    const arrow = scanner.take("->>") ? "->>" : "->";
    if (arrow === "->") scanner.expect("->");
    const index = scanner.match(/-?\d+(?=$|->|::|[,.)])/y);
    const key = index ?? (scanner.startsWith('"') ? scanner.quoted() : scanner.match(jsonKey));
    if (key === undefined) throw badKey(scanner);
    path.push({ arrow, key: index === undefined ? key.trim() : key, isIndex: index !== undefined });
    scanner.allow(index === undefined ? '"-"' : "digit");
  }
  scanner.allow('"->>"', '"->"');
  return path;
};

/** A minus must begin an index. */
const badKey = (scanner: Scanner) => {
  if (!scanner.take("-")) return scanner.failure(['"-"', "digit", keyLabel]);
  scanner.match(/\d+/y);
  return scanner.failure(["digit"]);
};

/** A field with blanks around it. */
export const parseField = (scanner: Scanner, labels?: readonly string[]): Field => {
  scanner.skipBlanks();
  const field = { name: scanner.name(labels), path: parsePath(scanner) };
  scanner.skipBlanks();
  return field;
};
