import { UsageProblem } from "../support/command-line.ts";
import type { RecordReader } from "../support/records.ts";

/** One order of the file; equal products on several lines are added up. */
export interface SourceOrder {
  id: string;
  /** Null: bought as a guest. */
  customer: string | null;
  /** As the file names it. */
  country: string;
  /** Pieces by sku. */
  items: ReadonlyMap<string, number>;
  /** Lines of the file that it takes. */
  fileLines: number;
  /** Line of the file where it starts. */
  line: number;
  /** Why it cannot be placed as it stands. */
  problem?: string;
}

const roles = ["order", "customer", "sku", "quantity", "country"] as const;
type Role = (typeof roles)[number];

const aliases: Record<Role, readonly string[]> = {
  order: ["order_id", "order", "order_number", "invoice", "invoice_no", "invoiceno"],
  customer: ["customer_id", "customer", "customerid", "user_id"],
  sku: ["sku", "stock_code", "stockcode", "product_code"],
  quantity: ["quantity", "qty", "pieces"],
  country: ["country", "shipping_country", "country_code"],
};

const isRole = (name: string): name is Role => roles.some((role) => role === name);

/** Columns by role: what `--map` says, else the usual names; throws UsageProblem when one is missing. */
export const orderColumns = (
  name: string,
  columns: readonly string[],
  given: ReadonlyMap<string, string>,
): Partial<Record<Role, string>> => {
  for (const [role, column] of given) {
    if (!isRole(role)) {
      throw new UsageProblem(`--map takes ${roles.join(", ")}; got "${role}".`);
    }
    if (!columns.includes(column)) throw new UsageProblem(`${name} has no column "${column}".`);
  }
  const chosen: Partial<Record<Role, string>> = {};
  for (const role of roles) {
    const usual = columns.find((column) => aliases[role].includes(column.trim().toLowerCase()));
    const column = given.get(role) ?? usual;
    if (column !== undefined) chosen[role] = column;
  }
  for (const role of ["order", "sku", "quantity"] as const) {
    if (chosen[role] !== undefined) continue;
    throw new UsageProblem(
      `${name}, line 1 is no header with a column for ${role}. It has: ${columns.join(", ")}. ` +
        `Name the column with --map ${role}=COLUMN.`,
    );
  }
  return chosen;
};

interface OpenOrder extends SourceOrder {
  items: Map<string, number>;
}

/** Lines that follow each other with the same order id are one order. */
export async function* readOrders(
  { columns = [], records }: RecordReader,
  chosen: Partial<Record<Role, string>>,
): AsyncGenerator<SourceOrder> {
  let open: OpenOrder | undefined;
  // A line that cannot be read may belong to either neighbour, so neither order is known to be whole.
  let damage: string | undefined;
  for await (const record of records) {
    if ("problem" in record) {
      damage = `line ${record.line}: ${record.problem}`;
      if (open) open.problem ??= damage;
      continue;
    }
    const cell = (role: Role): string => {
      const column = chosen[role] ?? (columns.length === 0 ? aliases[role][0] : undefined);
      const value = column === undefined ? undefined : record.values[column];
      return value === undefined || value === null ? "" : String(value).trim();
    };
    const id = cell("order");
    if (open && open.id !== id) {
      yield open;
      open = undefined;
    }
    open ??= {
      id,
      customer: cell("customer") || null,
      country: cell("country"),
      items: new Map(),
      fileLines: 0,
      line: record.line,
      ...(damage === undefined ? {} : { problem: damage }),
    };
    damage = undefined;
    open.fileLines += 1;
    const sku = cell("sku");
    const quantity = Number(cell("quantity"));
    if (id === "" || sku === "" || !Number.isInteger(quantity) || quantity < 1) {
      open.problem ??= `line ${record.line}: order, sku and a quantity of at least 1 are needed`;
      continue;
    }
    open.items.set(sku, (open.items.get(sku) ?? 0) + quantity);
  }
  if (open) yield open;
}
