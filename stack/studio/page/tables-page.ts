import type { Column, Table } from "../catalog.ts";
import { deleteRows, insertRow, type Row, type RowsQuery, readRows, readTables } from "./api.ts";
import { attempt, button, cell, confirmed, fill, grid, h, say } from "./parts.ts";
import { editRow, newRow } from "./row-form.ts";

const pageSize = 50;

const addressOf = ({ schema, name }: Table) =>
  `#/tables/${encodeURIComponent(schema)}/${encodeURIComponent(name)}`;

/** Tables on the left, the chosen one's rows beside them. */
export const showTables = async (main: Element, [schema, name]: string[]): Promise<void> => {
  const tables = await readTables();
  const chosen = tables.find((table) => table.schema === schema && table.name === name);
  const list = h("nav", { class: "list", "aria-label": "Tables" });
  const search = h("input", {
    type: "search",
    placeholder: "Find a table",
    "aria-label": "Find a table",
  });
  const entry = (table: Table) =>
    h(
      "a",
      { href: addressOf(table), "aria-current": table === chosen ? "page" : false },
      table.schema === "public" ? "" : h("span", { class: "quiet" }, `${table.schema}.`),
      table.name,
    );
  const showList = () =>
    fill(
      list,
      search,
      ...tables
        .filter((table) => `${table.schema}.${table.name}`.includes(search.value.trim()))
        .map(entry),
    );
  search.addEventListener("input", () => {
    showList();
    search.focus();
  });
  showList();
  const rows = h("section", { class: "work" });
  fill(main, list, rows);
  if (chosen) await showRows(rows, chosen);
  else fill(rows, h("p", { class: "empty" }, "Choose a table to see its rows."));
};

const showRows = async (place: Element, table: Table): Promise<void> => {
  const named = { schema: table.schema, table: table.name };
  const keys = table.columns.filter(({ isKey }) => isKey).map((column) => column.name);
  const canEdit = table.kind === "table" && keys.length > 0;
  const query: RowsQuery & { offset: number } = { ...named, offset: 0 };
  const chosen = new Map<string, Row>();

  const keyOf = (row: Row): Row => Object.fromEntries(keys.map((key) => [key, row[key] ?? null]));

  const heading = (column: Column) => {
    const isOrdered = query.order?.column === column.name;
    const arrow = isOrdered ? (query.order?.isDescending ? " ↓" : " ↑") : "";
    const label = h(
      "button",
      { type: "button", class: "heading" },
      column.name,
      arrow,
      h("small", {}, column.type, column.isKey ? " key" : ""),
    );
    label.addEventListener("click", () => {
      query.order = {
        column: column.name,
        isDescending: isOrdered && !query.order?.isDescending,
      };
      query.offset = 0;
      void attempt(show);
    });
    return label;
  };

  const tick = (row: Row) => {
    const box = h("input", { type: "checkbox", "aria-label": "Choose the row" });
    box.addEventListener("change", () => {
      const key = JSON.stringify(keyOf(row));
      if (box.checked) chosen.set(key, keyOf(row));
      else chosen.delete(key);
      remove.hidden = chosen.size === 0;
    });
    return box;
  };

  const remove = button(
    "Delete chosen",
    async () => {
      if (!(await confirmed(`Delete ${chosen.size} row(s) of ${table.name}?`, "Delete"))) return;
      await deleteRows({ ...named, keys: [...chosen.values()] });
      await show();
      say("Deleted.");
    },
    { class: "danger" },
  );
  const insert = button("Insert row", async () => {
    await newRow(table, async (values) => {
      await insertRow({ ...named, values });
      say("Inserted.");
      await show();
    });
  });
  const earlier = button("Earlier", async () => {
    query.offset = Math.max(0, query.offset - pageSize);
    await show();
  });
  const later = button("Later", async () => {
    query.offset += pageSize;
    await show();
  });
  const range = h("span", { class: "quiet" });
  const body = h("div", { class: "rows" });

  const show = async () => {
    const page = await readRows(query);
    chosen.clear();
    remove.hidden = true;
    const edit = (row: Row) =>
      button("Edit", () => editRow(table, row, keyOf(row), show), { class: "link" });
    const cells = (row: Row) =>
      table.columns.map(({ name }) => {
        const value = row[name] ?? null;
        return cell(value !== null && value.length > 1000 ? `${value.slice(0, 1000)}…` : value);
      });
    fill(
      body,
      grid(
        [...(canEdit ? ["", ""] : []), ...table.columns.map(heading)],
        page.rows.map((row) => [...(canEdit ? [tick(row), edit(row)] : []), ...cells(row)]),
      ),
      page.rows.length === 0 ? h("p", { class: "empty" }, "No rows.") : null,
    );
    range.textContent =
      page.rows.length > 0 ? `Rows ${query.offset + 1} to ${query.offset + page.rows.length}` : "";
    earlier.disabled = query.offset === 0;
    later.disabled = !page.hasMore;
  };

  fill(
    place,
    h(
      "header",
      {},
      h("h1", {}, `${table.schema}.${table.name}`),
      table.kind === "table" && !table.hasRls
        ? h("span", { class: "warn" }, "row-level security is off")
        : null,
      table.kind === "table" ? insert : null,
      remove,
    ),
    filterForm(table, (filter) => {
      query.filter = filter;
      query.offset = 0;
      return show();
    }),
    body,
    h("footer", {}, earlier, later, range),
  );
  remove.hidden = true;
  await show();
};

const operators = ["contains", "=", "<>", "<", "<=", ">", ">=", "is null", "is not null"];

const filterForm = (table: Table, apply: (filter: RowsQuery["filter"]) => Promise<void>) => {
  const column = h(
    "select",
    { "aria-label": "Column" },
    ...table.columns.map(({ name }) => h("option", {}, name)),
  );
  const operator = h(
    "select",
    { "aria-label": "Operator" },
    ...operators.map((name) => h("option", {}, name)),
  );
  const value = h("input", { type: "search", placeholder: "Value", "aria-label": "Value" });
  const form = h(
    "form",
    { class: "filter" },
    column,
    operator,
    value,
    h("button", { type: "submit" }, "Filter"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const isAsked = value.value !== "" || operator.value.startsWith("is ");
    const filter = { column: column.value, operator: operator.value, value: value.value };
    void attempt(() => apply(isAsked ? filter : undefined));
  });
  return form;
};
