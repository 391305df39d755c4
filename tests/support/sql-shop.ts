import { randomUUID } from "node:crypto";
import {
  type Database,
  isDatabaseError,
  type Row,
  type Settings,
} from "../../stack/database/database.ts";
import { anAddress } from "./factories.ts";

/** A caller as PostgREST introduces one to the database. */
export const asUser = (id: string): Settings => ({
  role: "authenticated",
  "request.jwt.claims": JSON.stringify({ sub: id, role: "authenticated" }),
  "request.jwt.claim.sub": id,
});
export const asService: Settings = {
  role: "service_role",
  "request.jwt.claims": JSON.stringify({ role: "service_role" }),
};

/** How a command ended: what it answered, or the code it was refused with. */
export type Ending<T = Row> = { answer: T; refused?: never } | { answer?: never; refused: string };

/** The commands of the shop, called in SQL: many at once, and in milliseconds. */
export const shopOn = (database: Database) => {
  /** Rows that the function answers with; a document is one row with the column `answer`. */
  const call = (caller: Settings, name: string, args: Row = {}): Promise<Row[]> => {
    const named = Object.keys(args).map((key, index) => `${key} => $${index + 1}`);
    const statement = `select to_jsonb(r) as answer from public.${name}(${named.join(", ")}) r`;
    const values = Object.values(args).map((value) =>
      value !== null && typeof value === "object" ? JSON.stringify(value) : value,
    );
    return database.transaction(
      async (session) => (await session.query(statement, values)).rows,
      caller,
    );
  };

  /** As `call`, but a refusal by the shop is an ending; a deadlock or a bug still throws. */
  const attempt = async (caller: Settings, name: string, args: Row = {}): Promise<Ending> => {
    try {
      return { answer: Object(first(await call(caller, name, args)).answer) };
    } catch (error) {
      if (isDatabaseError(error) && /^PT\d{3}$/.test(error.code)) return { refused: error.message };
      throw error;
    }
  };

  const one = async (caller: Settings, name: string, args: Row = {}): Promise<Row> =>
    Object(first(await call(caller, name, args)).answer);

  return {
    call,
    attempt,
    one,
    /** Statement by the database's administrator, for what no command shows or does. */
    sql: async (statement: string, parameters?: readonly unknown[]): Promise<Row[]> =>
      (await database.query(statement, parameters)).rows,
    /** New shoppers, made where Auth keeps them. */
    shoppers: async (count: number): Promise<string[]> => {
      const ids = Array.from({ length: count }, () => randomUUID());
      await database.query(
        `insert into auth.users (id, email, is_anonymous)
         select id, id || '@example.test', false from unnest($1::uuid[]) id`,
        [`{${ids.join(",")}}`],
      );
      return ids;
    },
    /** Products with one variant each: their variants' ids. */
    variants: async (...pieces: readonly number[]): Promise<string[]> => {
      const skus = pieces.map(() => `SKU-${randomUUID()}`);
      const rows = pieces.map((stock, index) => ({
        sku: skus[index],
        title: `Kettle ${skus[index]}`,
        price: 1_000 + index,
        stock,
      }));
      await one(asService, "import_products", { rows });
      const found = await database.query<{ id: string; sku: string }>(
        "select id, sku from public.product_variants where sku = any ($1::text[])",
        [`{${skus.map((sku) => `"${sku}"`).join(",")}}`],
      );
      const ids = new Map(found.rows.map(({ id, sku }) => [sku, id]));
      return skus.map((sku) => ids.get(sku) ?? "");
    },
    /** Names of the rules about stock, money and orders that are broken. */
    brokenRules: async (): Promise<string[]> =>
      (await call(asService, "check_invariants"))
        .map(({ answer }) => Object(answer))
        .filter(({ broken }) => broken > 0)
        .map(({ name, broken }) => `${name}: ${broken}`),
  };
};

export type SqlShop = ReturnType<typeof shopOn>;

const first = (rows: readonly Row[]): Row => {
  const [row] = rows;
  if (!row) throw new Error("The function answered nothing.");
  return row;
};

/** Input of `place_order` for these variants; a new key unless one is given. */
export const orderOf = (
  lines: readonly { variant: string; quantity?: number }[] | undefined,
  provider: "cod" | "stripe" = "cod",
  idempotency_key: string = randomUUID(),
) => ({
  input: {
    idempotency_key,
    ...(lines && {
      items: lines.map(({ variant, quantity = 1 }) => ({ variant_id: variant, quantity })),
    }),
    shipping_address: anAddress,
    payment: { provider },
  },
});

/** How many endings there are of each kind. */
export const tally = (endings: readonly Ending[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { refused = "done" } of endings) counts[refused] = (counts[refused] ?? 0) + 1;
  return counts;
};
