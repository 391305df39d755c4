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

const jsonKey = /[^-,.:()]+(?:-(?!>)[^-,.:()]*)*/uy;

export const parsePath = (scanner: Scanner): JsonStep[] => {
  const path: JsonStep[] = [];
  while (scanner.startsWith("->")) {
    const arrow = scanner.take("->>") ? "->>" : "->";
    if (arrow === "->") scanner.expect("->");
    const index = scanner.match(/-?\d+(?=$|->|::|[,.:()])/y);
    const key = index ?? (scanner.startsWith('"') ? scanner.quoted() : scanner.match(jsonKey));
    if (key === undefined) throw scanner.failure("expecting a JSON key");
    path.push({ arrow, key, isIndex: index !== undefined });
  }
  return path;
};

export const parseField = (scanner: Scanner): Field => ({
  name: scanner.name(),
  path: parsePath(scanner),
});
