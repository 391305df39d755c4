/** Between the parts of a cell that holds several: tags also take commas. */
const separators = { list: "|", tags: /[|,]/ } as const;

export type ListKind = keyof typeof separators;

/** The parts of a cell, `a|b` or a JSON array of texts; parts keep no spaces around them. */
export const parseList = (cell: string, kind: ListKind): string[] =>
  jsonTexts(cell) ??
  cell
    .split(separators[kind])
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** A cell that `parseList` reads as these parts: `a|b`, or JSON where a part holds a separator. */
export const listCell = (parts: readonly string[], kind: ListKind): string => {
  const plain = parts.join("|");
  const read = parseList(plain, kind);
  const isExact = read.length === parts.length && read.every((part, at) => part === parts[at]);
  return isExact ? plain : JSON.stringify(parts);
};

const jsonTexts = (cell: string): string[] | undefined => {
  if (!cell.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(cell);
    return Array.isArray(value) && value.every((part) => typeof part === "string")
      ? value
      : undefined;
  } catch {
    return undefined;
  }
};
