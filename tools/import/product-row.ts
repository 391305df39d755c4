import type { FileRecord } from "../support/records.ts";
import { type ColumnPlan, type Field, fieldKinds, type Target } from "./columns.ts";
import { parseList } from "./list-cell.ts";
import { type PriceUnit, parseAmount } from "./money.ts";

/** One row for `import_products`. */
export type ProductRow = Partial<Record<Field, unknown>>;

export interface FieldError {
  field: string | null;
  message: string;
}

export interface RowOptions {
  /** For cells that are absent or empty. */
  defaults: ReadonlyMap<Field, string>;
  /** Unit of the amounts that a column holds. */
  unitOf(target: Target): PriceUnit;
  /** Currency of rows that name none. */
  currency: string;
  /** Decimals of a currency; undefined: there is no such currency. */
  exponentOf(currency: string): number | undefined;
}

/** A file's row as a product row, or everything that is wrong with it. */
export const productRow = (
  values: Extract<FileRecord, { values: unknown }>["values"],
  plan: ColumnPlan,
  options: RowOptions,
): { row: ProductRow } | { errors: FieldError[] } => {
  const row: ProductRow = {};
  const errors: FieldError[] = [];
  const amounts: { target: Target; value: unknown }[] = [];

  const put = (target: Target, value: unknown) => {
    if (fieldKinds[target.field] === "money") {
      amounts.push({ target, value });
      return;
    }
    const converted = convert(target, value);
    if ("problem" in converted) errors.push({ field: target.field, message: converted.problem });
    else if (target.key === undefined) row[target.field] = converted.value;
    else row[target.field] = { ...objectIn(row[target.field]), [target.key]: converted.value };
  };

  for (const [column, target] of plan.targets) {
    const value = values[column];
    if (!isEmpty(value)) put(target, value);
  }
  for (const [field, value] of options.defaults) {
    const isAmount = amounts.some(({ target }) => target.field === field);
    if (row[field] === undefined && !isAmount) put({ field }, value);
  }

  row.currency ??= options.currency;
  const exponent = options.exponentOf(String(row.currency));
  if (exponent === undefined) {
    errors.push({ field: "currency", message: `"${row.currency}" is not a currency of this shop` });
  }
  for (const { target, value } of amounts) {
    // Without a currency the number of decimals is not known; the error above says so.
    const parsed = parseAmount(value, options.unitOf(target), exponent ?? 2);
    if ("problem" in parsed) errors.push({ field: target.field, message: parsed.problem });
    else row[target.field] = parsed.amount;
  }
  for (const field of ["sku", "title", "price"] as const) {
    const isWrong = errors.some((error) => error.field === field);
    if (row[field] === undefined && !isWrong) errors.push({ field, message: "is missing" });
  }
  if (errors.length === 0 && holdsUnstorable(JSON.stringify(row))) {
    errors.push({ field: null, message: "a value holds a character that cannot be stored" });
  }
  return errors.length > 0 ? { errors } : { row };
};

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "string" && value.trim() === "");

const objectIn = (value: unknown): object =>
  typeof value === "object" && value !== null ? value : {};

/** PostgreSQL takes neither NUL nor half a surrogate pair; JSON.stringify escapes exactly those so. */
const holdsUnstorable = (json: string): boolean =>
  json.includes("\\u") && /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(json);

const convert = (target: Target, given: unknown): { value: unknown } | { problem: string } => {
  const value = typeof given === "string" ? given.trim() : given;
  if (target.key !== undefined) return { value };
  // Line ends and indents at the edges belong to a text of paragraphs.
  if (target.field === "description" && typeof given === "string") return { value: given };
  const kind = fieldKinds[target.field];
  switch (kind) {
    case "integer": {
      const number = typeof value === "string" ? Number(value.replace(/[,\s]/g, "")) : value;
      return Number.isInteger(number)
        ? { value: number }
        : { problem: `"${String(given)}" is not a whole number` };
    }
    case "list":
    case "tags":
      return typeof value === "string" ? { value: parseList(value, kind) } : { value };
    case "object":
      return typeof value === "string" ? jsonObject(value) : { value };
    default:
      return typeof value === "object" ? { problem: "must be text" } : { value: String(value) };
  }
};

const jsonObject = (text: string): { value: unknown } | { problem: string } => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: "must be a JSON object" };
  }
};
