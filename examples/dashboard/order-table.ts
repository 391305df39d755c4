import { paymentBadge, statusBadge } from "../shared/badge.ts";
import { fill, h, setText } from "../shared/dom.ts";
import { money } from "../shared/money.ts";
import { clock, moment } from "../shared/time.ts";
import type { OrderRow } from "./order-book.ts";

interface Line {
  element: HTMLTableRowElement;
  show(row: OrderRow): void;
}

export interface OrderTable {
  element: HTMLElement;
  /** Lets in the orders that wait; hidden while there are none. */
  waiting: HTMLElement;
  show(rows: readonly OrderRow[]): void;
}

/** How long a list stays put after the pointer moved over it, in ms. */
const holdFor = 3000;

const addressOf = (id: string): string => `#/orders/${id}`;

/**
 * The latest orders. Lines are made once and changed in place, so that a stream of orders costs what
 * is new. While somebody moves over the list, by pointer or keyboard, nothing is pushed in under them:
 * new orders wait behind a button.
 */
export const orderTable = (): OrderTable => {
  const lines = new Map<string, Line>();
  const body = h("tbody");
  const wait = h("button", {
    class: "button waiting",
    "data-size": "small",
    type: "button",
    hidden: true,
  });
  const none = h(
    "p",
    { class: "none muted", hidden: true },
    "No orders yet. They appear here by themselves.",
  );
  let latest: readonly OrderRow[] = [];
  let heldUntil = 0;
  let isFirst = true;

  const isHeld = () =>
    performance.now() < heldUntil || body.querySelector(":focus-visible") !== null;

  const put = (rows: readonly OrderRow[]) => {
    const kept = new Set(rows.map(({ id }) => id));
    for (const [id, line] of lines) {
      if (kept.has(id)) continue;
      line.element.remove();
      lines.delete(id);
    }
    let next = body.firstElementChild;
    for (const row of rows) {
      const known = lines.get(row.id);
      const line = known ?? orderLine();
      line.show(row);
      if (!known) {
        lines.set(row.id, line);
        if (!isFirst) line.element.classList.add("fresh");
      }
      if (line.element === next) next = next.nextElementSibling;
      else body.insertBefore(line.element, next);
    }
    isFirst = false;
  };

  const show = (rows: readonly OrderRow[]) => {
    latest = rows;
    none.hidden = rows.length > 0;
    const waiting = isHeld() ? rows.filter(({ id }) => !lines.has(id)).length : 0;
    wait.hidden = waiting === 0;
    if (waiting === 0) return put(rows);
    setText(wait, waiting === 1 ? "1 new order" : `${waiting} new orders`);
    for (const row of rows) lines.get(row.id)?.show(row);
  };
  const letIn = () => {
    wait.hidden = true;
    put(latest);
  };

  body.addEventListener("pointermove", ({ pointerType, movementX, movementY }) => {
    // Lines that move under a resting pointer report a move too, of nothing.
    const isMoved = movementX !== 0 || movementY !== 0;
    if (pointerType === "mouse" && isMoved) heldUntil = performance.now() + holdFor;
  });
  body.addEventListener("pointerleave", () => {
    heldUntil = 0;
    letIn();
  });
  body.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("a")) return;
    event.target.closest("tr")?.querySelector("a")?.click();
  });
  wait.addEventListener("click", letIn);

  const element = h(
    "div",
    { class: "orders-scroll" },
    h(
      "table",
      { class: "orders" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Order", "Time", "Customer", "Pieces", "Total", "Status", "Payment"].map((name) =>
            h("th", { scope: "col" }, name),
          ),
        ),
      ),
      body,
    ),
    none,
  );
  return { element, waiting: wait, show };
};

const orderLine = (): Line => {
  const link = h("a", { class: "number" });
  const time = h("time", { class: "number muted" });
  const customer = h("td", { class: "customer" });
  const pieces = h("td", { class: "number" });
  const total = h("td", { class: "number" });
  const status = h("td");
  const payment = h("td");
  const element = h(
    "tr",
    {},
    h("td", {}, link),
    h("td", {}, time),
    customer,
    pieces,
    total,
    status,
    payment,
  );
  let shown: OrderRow | undefined;

  const show = (row: OrderRow) => {
    if (shown && shown.version === row.version && shown.email === row.email) return;
    link.href = addressOf(row.id);
    setText(link, row.number);
    time.dateTime = row.placed_at;
    setText(time, isToday(row.placed_at) ? clock(row.placed_at) : moment(row.placed_at));
    setText(customer, row.email ?? "…");
    setText(pieces, String(row.item_count));
    setText(total, money(row.total, row.currency));
    fill(status, statusBadge(row.status));
    fill(payment, paymentBadge(row));
    shown = row;
  };
  return { element, show };
};

const isToday = (instant: string): boolean =>
  new Date(instant).toDateString() === new Date().toDateString();
