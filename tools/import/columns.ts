import { UsageProblem } from "../support/command-line.ts";
import type { PriceUnit } from "./money.ts";

/** Fields of a row of `import_products`, and how a cell becomes one. */
export const fieldKinds = {
  sku: "text",
  title: "text",
  price: "money",
  currency: "text",
  description: "text",
  category: "text",
  brand: "text",
  parent_sku: "text",
  options: "object",
  stock: "integer",
  image: "text",
  images: "list",
  tags: "tags",
  barcode: "text",
  weight_grams: "integer",
  list_price: "money",
  sale_price: "money",
  specifications: "object",
  features: "list",
  dimensions: "object",
  status: "text",
  slug: "text",
} as const;

export type Field = keyof typeof fieldKinds;

export const isField = (name: string): name is Field => Object.hasOwn(fieldKinds, name);

/** Where a column's values go: a field, or one key of an object field. */
export interface Target {
  field: Field;
  /** E.g. `Size` for the column `options.Size`. */
  key?: string;
  /** Said by the column's own name, as in `price_pence`. */
  unit?: PriceUnit;
}

/** Headers that shops' exports commonly use, after `normalised`. */
const aliases: Record<string, Field> = {
  variant_sku: "sku",
  stock_code: "sku",
  stockcode: "sku",
  item_code: "sku",
  item_number: "sku",
  article_number: "sku",
  product_code: "sku",
  part_number: "sku",
  name: "title",
  product_name: "title",
  product_title: "title",
  item_name: "title",
  unit_price: "price",
  variant_price: "price",
  regular_price: "price",
  retail_price: "price",
  currency_code: "currency",
  body_html: "description",
  long_description: "description",
  product_description: "description",
  categories: "category",
  product_category: "category",
  product_type: "category",
  department: "category",
  vendor: "brand",
  manufacturer: "brand",
  parent: "parent_sku",
  item_group_id: "parent_sku",
  quantity: "stock",
  qty: "stock",
  inventory: "stock",
  stock_quantity: "stock",
  inventory_quantity: "stock",
  variant_inventory_qty: "stock",
  on_hand: "stock",
  image_url: "image",
  image_link: "image",
  image_src: "image",
  picture: "image",
  gallery: "images",
  ean: "barcode",
  gtin: "barcode",
  upc: "barcode",
  isbn: "barcode",
  variant_barcode: "barcode",
  weight_g: "weight_grams",
  grams: "weight_grams",
  variant_grams: "weight_grams",
  rrp: "list_price",
  msrp: "list_price",
  compare_at_price: "list_price",
  variant_compare_at_price: "list_price",
  special_price: "sale_price",
  url_key: "slug",
  handle: "slug",
};

const minorSuffix = /_(?:pence|cents|minor|minor_units)$/;
const objectColumn = /^(option|specification|dimension)s?[.:]\s*(.+)$/i;

const normalised = (column: string) =>
  column
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");

/** What a column with this name most likely holds. */
export const recognise = (column: string): Target | undefined => {
  const [, kind, key] = objectColumn.exec(column.trim()) ?? [];
  if (kind && key) {
    const field = `${kind.toLowerCase()}s`;
    return isField(field) ? { field, key } : undefined;
  }
  const name = normalised(column);
  const bare = name.replace(minorSuffix, "");
  const field = isField(bare) ? bare : Object.hasOwn(aliases, bare) ? aliases[bare] : undefined;
  if (!field) return undefined;
  if (bare === name) return { field };
  return fieldKinds[field] === "money" ? { field, unit: "minor" } : undefined;
};

export interface ColumnPlan {
  /** Where each used column goes. */
  targets: ReadonlyMap<string, Target>;
  /** Columns that nothing is done with. */
  ignored: string[];
}

/** `--map` pairs (field=column) as targets by column; throws UsageProblem for an unknown field. */
export const explicitTargets = (pairs: ReadonlyMap<string, string>): Map<string, Target> => {
  const targets = new Map<string, Target>();
  for (const [name, column] of pairs) {
    const [field = "", key] = name.split(/\.(.*)/);
    if (!isField(field) || (key !== undefined && fieldKinds[field] !== "object")) {
      const known = Object.keys(fieldKinds).join(", ");
      throw new UsageProblem(`--map: "${name}" is no field of a product. Fields: ${known}.`);
    }
    const unit = minorSuffix.test(normalised(column)) ? ("minor" as const) : undefined;
    targets.set(column, { field, ...(key ? { key } : {}), ...(unit ? { unit } : {}) });
  }
  return targets;
};

const targetName = ({ field, key }: Target) => (key === undefined ? field : `${field}.${key}`);

/** Assigns columns to fields: first what `--map` says, then what the names say, first come. */
export const planColumns = (
  columns: readonly string[],
  explicit: ReadonlyMap<string, Target>,
): ColumnPlan => {
  const targets = new Map<string, Target>();
  const taken = new Set([...explicit.values()].map(targetName));
  const ignored: string[] = [];
  for (const column of columns) {
    const target = explicit.get(column) ?? recognise(column);
    const isFree = target && (explicit.has(column) || !taken.has(targetName(target)));
    if (!target || !isFree) {
      ignored.push(column);
      continue;
    }
    taken.add(targetName(target));
    targets.set(column, target);
  }
  return { targets, ignored };
};

/** Throws UsageProblem when the header lacks what every product needs, or what `--map` names. */
export const requireColumns = (
  name: string,
  columns: readonly string[],
  plan: ColumnPlan,
  explicit: ReadonlyMap<string, Target>,
  hasDefault: (field: Field) => boolean,
): void => {
  const absent = [...explicit.keys()].find((column) => !columns.includes(column));
  if (absent !== undefined) {
    throw new UsageProblem(
      `${name} has no column "${absent}". Its first line has: ${list(columns)}.`,
    );
  }
  const present = new Set([...plan.targets.values()].map(({ field }) => field));
  const missing = (["sku", "title", "price"] as const).filter(
    (field) => !present.has(field) && !hasDefault(field),
  );
  if (missing.length === 0) return;
  throw new UsageProblem(
    `${name}, line 1 is no header with a column for ${missing.join(" and ")}. It has: ` +
      `${list(columns)}. Name the columns with --map ${missing.map((f) => `${f}=COLUMN`).join(",")}.`,
  );
};

const list = (columns: readonly string[]): string => {
  const text = columns.map((column) => JSON.stringify(column)).join(", ");
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
};
