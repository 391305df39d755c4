import { h } from "../../shared/dom.ts";
import { icon } from "../../shared/icons.ts";

export interface QuantityOptions {
  value: number;
  /** What is counted, for screen readers. */
  label: string;
  onchange?(value: number): void;
}

export interface Quantity {
  element: HTMLElement;
  value(): number;
  setValue(value: number): void;
}

const limit = 99_999;

/** A number of pieces, from 1. */
export const quantity = ({ value, label, onchange }: QuantityOptions): Quantity => {
  const input = h("input", {
    type: "text",
    inputmode: "numeric",
    class: "number",
    value,
    "aria-label": label,
    onchange: () => take(Number.parseInt(input.value, 10)),
  });
  let current = value;
  const setValue = (wanted: number) => {
    current = Math.min(limit, Math.max(1, Number.isNaN(wanted) ? current : wanted));
    input.value = String(current);
    less.disabled = current <= 1;
  };
  const take = (wanted: number) => {
    const before = current;
    setValue(wanted);
    if (current !== before) onchange?.(current);
  };
  const step = (by: number, name: string, symbol: "minus" | "plus") =>
    h(
      "button",
      { type: "button", "aria-label": name, onclick: () => take(current + by) },
      icon(symbol),
    );
  const less = step(-1, "One less", "minus");
  const element = h("div", { class: "quantity" }, less, input, step(1, "One more", "plus"));
  setValue(value);
  return { element, value: () => current, setValue };
};
