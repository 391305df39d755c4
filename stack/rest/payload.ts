import { restError } from "./rest-error.ts";
import type { Table } from "./schema/catalog.ts";

/** A JSON body, checked as far as the keys of its objects; PostgreSQL reads the values itself. */
export interface Payload {
  /** As it came. */
  json: string;
  isArray: boolean;
  /** Keys of the objects: all have the same ones, unless the request names its columns. */
  keys: string[];
}

/** Reads a body of objects; `columns` are those that the request names, if it does. */
export const readPayload = (json: string, columns: readonly string[] | undefined): Payload => {
  const value = parseJson(json);
  const isArray = Array.isArray(value);
  // What is neither object nor list is no rows at all.
  if (!isArray && !isObject(value)) return { json: "[]", isArray: true, keys: [] };
  const rows = isArray ? value : [value];
  if (!rows.every(isObject)) throw invalidBody("All object keys must match");
  if (columns) return { json, isArray, keys: [...columns] };
  const keys = Object.keys(rows[0] ?? {});
  const isUniform = rows.every((row) => {
    const own = Object.keys(row);
    return own.length === keys.length && keys.every((key) => Object.hasOwn(row, key));
  });
  if (!isUniform) throw invalidBody("All object keys must match");
  return { json, isArray, keys };
};

export const parseJson = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    throw invalidBody("Empty or invalid json");
  }
};

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const invalidBody = (message: string) => restError(400, "PGRST102", message);

/** The columns that a payload's keys name; throws `RestError` for a key that is none. */
export const columnsFor = (table: Table, keys: readonly string[]) =>
  keys.map((key) => {
    const column = table.columns.find(({ name }) => name === key);
    if (column) return column;
    throw restError(
      400,
      "PGRST204",
      `Could not find the '${key}' column of '${table.name}' in the schema cache`,
    );
  });
