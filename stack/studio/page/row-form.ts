import type { Column, Table } from "../catalog.ts";
import { type Row, readCell, updateRow } from "./api.ts";
import { ask, h, say } from "./parts.ts";

interface Field {
  column: Column;
  element: HTMLElement;
  /** What is to be written: a text, null, or undefined to leave the column as it is. */
  value(): string | null | undefined;
}

/** A column's value as PostgreSQL writes it, beside a tick for "no value". */
const field = (column: Column, initial: string | null | undefined): Field => {
  const input = h("textarea", { rows: "1", name: column.name, spellcheck: "false" });
  input.value = initial ?? "";
  const isNull = h("input", { type: "checkbox" });
  isNull.checked = initial === null;
  let isTouched = false;
  input.addEventListener("input", () => {
    isTouched = true;
    isNull.checked = false;
  });
  isNull.addEventListener("change", () => {
    isTouched = true;
  });
  return {
    column,
    element: h(
      "label",
      { class: "field" },
      h("span", {}, column.name, h("small", {}, column.type)),
      input,
      column.isNullable ? h("span", { class: "tick" }, isNull, "NULL") : null,
    ),
    value: () => {
      if (!isTouched) return undefined;
      return isNull.checked ? null : input.value;
    },
  };
};

const changesOf = (fields: readonly Field[]): Row =>
  Object.fromEntries(
    fields.flatMap(({ column, value }): [string, string | null][] => {
      const written = value();
      return written === undefined ? [] : [[column.name, written]];
    }),
  );

const writable = (table: Table) => table.columns.filter(({ isGenerated }) => !isGenerated);

/** Columns that are not filled in take their defaults. */
export const newRow = (table: Table, insert: (values: Row) => Promise<void>): Promise<void> => {
  const fields = writable(table).map((column) => field(column, undefined));
  return ask(
    `New row in ${table.name}`,
    fields.map(({ element }) => element),
    "Insert",
    () => insert(changesOf(fields)),
  );
};

/** Only the columns that were changed are written. */
export const editRow = async (
  table: Table,
  row: Row,
  key: Row,
  show: () => Promise<void>,
): Promise<void> => {
  const named = { schema: table.schema, table: table.name };
  const whole = async ({ name }: Column) => {
    const shown = row[name] ?? null;
    if (shown === null || shown.length <= 1000) return shown;
    return (await readCell({ ...named, key, column: name })).value;
  };
  const fields = await Promise.all(
    writable(table).map(async (column) => field(column, await whole(column))),
  );
  await ask(
    `Row of ${table.name}`,
    fields.map(({ element }) => element),
    "Save",
    async () => {
      await updateRow({ ...named, key, values: changesOf(fields) });
      say("Saved.");
      await show();
    },
  );
};
