import type { SupabaseClient } from "@supabase/supabase-js";
import type { TrackedOrder } from "../../types/index.ts";
import { addressBlock } from "../shared/address.ts";
import { badge, paymentBadge, statusBadge } from "../shared/badge.ts";
import { batched } from "../shared/batch.ts";
import { fill, h } from "../shared/dom.ts";
import { dataOf, Failure } from "../shared/failure.ts";
import { icon } from "../shared/icons.ts";
import { money } from "../shared/money.ts";
import { picture } from "../shared/picture.ts";
import { sums } from "../shared/sums.ts";
import { moment } from "../shared/time.ts";
import { timeline } from "../shared/timeline.ts";
import { orderActions } from "./order-actions.ts";

export interface OrderSheet {
  element: HTMLElement;
  /** An order has moved; the sheet reads it again when it is the one it shows. */
  moved(orderId: string): void;
  /** Opens or closes, as the address says. */
  locate(): void;
}

const orderIn = (hash: string): string | undefined =>
  /^#\/orders\/([0-9a-f-]{36})$/.exec(hash)?.[1];

/** One order in full, beside the board: `#/orders/{id}`. Stays up to date while it is open. */
export const orderSheet = (client: SupabaseClient, projectUrl: string): OrderSheet => {
  const content = h("div", { class: "sheet-content" });
  const close = h(
    "button",
    { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() },
    icon("close"),
  );
  const dialog = h("dialog", { class: "sheet", "aria-label": "Order" }, close, content);
  let shownId: string | undefined;
  let shown: TrackedOrder | undefined;

  const read = async (): Promise<void> => {
    const id = shownId;
    if (!id) return;
    try {
      const tracked: TrackedOrder = await dataOf(client.rpc("track_order", { order_id: id }));
      if (id !== shownId) return;
      // Whoever is filling in a form keeps it, unless the order has moved on under them.
      const isSame =
        shown?.order.id === id &&
        shown.order.version === tracked.order.version &&
        shown.events.length === tracked.events.length;
      shown = tracked;
      if (!isSame) fill(content, orderContent(client, tracked, projectUrl, read));
    } catch (error) {
      if (id !== shownId || shown?.order.id === id) return;
      fill(
        content,
        h(
          "p",
          { class: "notice", "data-tone": "bad", role: "alert" },
          error instanceof Failure ? error.message : "That did not work.",
        ),
      );
    }
  };
  const reload = batched(read, 120);

  const locate = () => {
    shownId = orderIn(location.hash);
    if (!shownId) {
      if (dialog.open) dialog.close();
      return;
    }
    shown = undefined;
    fill(content, h("p", { class: "muted" }, "Looking …"));
    if (!dialog.open) dialog.showModal();
    void read();
  };
  dialog.addEventListener("close", () => {
    shownId = undefined;
    if (orderIn(location.hash)) history.pushState(null, "", location.pathname);
  });
  // A click beside the sheet closes it: there the target is the dialog itself, its backdrop.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    element: dialog,
    moved: (orderId) => {
      if (orderId === shownId) reload();
    },
    locate,
  };
};

const orderContent = (
  client: SupabaseClient,
  tracked: TrackedOrder,
  projectUrl: string,
  done: () => Promise<void>,
): HTMLElement => {
  const { order, items, payments, refunds } = tracked;
  return h(
    "div",
    { class: "sheet-sections" },
    h(
      "header",
      {},
      h("h2", {}, `Order ${order.number}`),
      h("p", { class: "muted small" }, `${moment(order.placed_at)} · ${order.email}`),
      h("p", { class: "badges" }, statusBadge(order.status), paymentBadge(order)),
    ),
    orderActions({ client, tracked, done }),
    order.note && h("p", { class: "notice", "data-tone": "warn" }, `“${order.note}”`),
    h(
      "section",
      {},
      h(
        "ul",
        { class: "sheet-items" },
        items.map((item) =>
          h(
            "li",
            {},
            picture({ path: item.image, title: item.title, projectUrl }),
            h(
              "span",
              {},
              h("span", { class: "line-title" }, item.title),
              h(
                "span",
                { class: "small muted" },
                [...Object.values(item.options), item.sku].join(" · "),
              ),
            ),
            h(
              "span",
              { class: "number" },
              `${item.quantity} × ${money(item.unit_price, order.currency)}`,
            ),
          ),
        ),
      ),
      sums(order),
    ),
    h(
      "section",
      { class: "sheet-columns" },
      h(
        "div",
        {},
        h("h3", {}, "Deliver to"),
        addressBlock(order.shipping_address),
        h("p", { class: "small muted" }, order.shipping_method_name),
        order.tracking_number &&
          h("p", { class: "small" }, `${order.tracking_carrier ?? ""} ${order.tracking_number}`),
      ),
      h("div", {}, h("h3", {}, "Payment"), payments.map(paymentLine), refunds.map(refundLine)),
    ),
    h("section", {}, h("h3", {}, "History"), timeline(tracked.events)),
  );
};

const paymentLine = (payment: TrackedOrder["payments"][number]): HTMLElement => {
  const card = payment.card_last4
    ? `${payment.card_brand ?? "card"} •••• ${payment.card_last4}`
    : payment.provider;
  return h(
    "div",
    { class: "payment" },
    h(
      "span",
      {},
      card,
      " ",
      badge(
        payment.status.replaceAll("_", " "),
        payment.status === "captured" ? "good" : payment.status === "failed" ? "bad" : "quiet",
      ),
    ),
    h("span", { class: "number" }, money(payment.amount, payment.currency)),
    payment.failure_message && h("span", { class: "small muted" }, payment.failure_message),
  );
};

const refundLine = (refund: TrackedOrder["refunds"][number]): HTMLElement =>
  h(
    "div",
    { class: "payment" },
    h(
      "span",
      {},
      "Refund ",
      badge(
        refund.state,
        refund.state === "succeeded" ? "good" : refund.state === "failed" ? "bad" : "busy",
      ),
    ),
    h("span", { class: "number" }, `−${money(refund.amount, refund.currency)}`),
    refund.reason && h("span", { class: "small muted" }, refund.reason),
  );
