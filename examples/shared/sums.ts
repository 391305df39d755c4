import { type Child, h } from "./dom.ts";
import { money } from "./money.ts";

export interface Sums {
  currency: string;
  subtotal: number;
  discount: number;
  /** Undefined while the address is not known. */
  shipping: number | undefined;
  tax: number;
  total: number;
  prices_include_tax: boolean;
}

/** How a total comes about; all amounts in minor units. */
export const sums = (order: Sums): HTMLElement => {
  const { currency } = order;
  return h(
    "dl",
    { class: "sums number" },
    row("Subtotal", money(order.subtotal, currency)),
    order.discount > 0 && row("Discount", `−${money(order.discount, currency)}`),
    order.shipping !== undefined &&
      row("Delivery", order.shipping === 0 ? "Free" : money(order.shipping, currency)),
    !order.prices_include_tax && row("Tax", money(order.tax, currency)),
    h(
      "div",
      { class: "sum-total" },
      h("dt", {}, "Total"),
      h("dd", {}, money(order.total, currency)),
    ),
    order.prices_include_tax &&
      order.tax > 0 &&
      h(
        "div",
        { class: "muted small" },
        h("dt", {}, "Including tax"),
        h("dd", {}, money(order.tax, currency)),
      ),
  );
};

const row = (label: string, value: Child): HTMLElement =>
  h("div", {}, h("dt", {}, label), h("dd", {}, value));
