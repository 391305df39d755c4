import { type Field, fieldKinds, isField } from "../import/columns.ts";
import { listCell } from "../import/list-cell.ts";
import type { ProductRow } from "../import/product-row.ts";
import { csvLine } from "../support/csv.ts";
import type { InputFormat } from "../support/input.ts";

/** `image` is the first of `images`. */
const fields = Object.keys(fieldKinds)
  .filter(isField)
  .filter((field) => field !== "image");

/** The first line of a file: CSV names its columns, and that amounts are in minor units. */
export const header = (format: InputFormat): string =>
  format === "ndjson"
    ? ""
    : csvLine(fields.map((field) => (fieldKinds[field] === "money" ? `${field}_minor` : field)));

/** A row as a line of the file; text stands in it to the letter, formulas included. */
export const rowText = (row: ProductRow, format: InputFormat): string =>
  format === "ndjson"
    ? `${JSON.stringify(row)}\n`
    : csvLine(fields.map((field) => cell(field, row[field])));

const cell = (field: Field, value: unknown): string => {
  if (value === undefined || value === null) return "";
  const kind = fieldKinds[field];
  if ((kind === "list" || kind === "tags") && Array.isArray(value)) {
    return listCell(value.map(String), kind);
  }
  return kind === "object" ? JSON.stringify(value) : String(value);
};
