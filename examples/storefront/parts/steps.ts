import type { OrderStatus } from "../../../types/index.ts";
import { h } from "../../shared/dom.ts";
import { icon } from "../../shared/icons.ts";

const path = [
  "pending",
  "confirmed",
  "processing",
  "shipped",
  "delivered",
] as const satisfies OrderStatus[];

const words: Readonly<Record<(typeof path)[number], string>> = {
  pending: "Placed",
  confirmed: "Confirmed",
  processing: "Packing",
  shipped: "On its way",
  delivered: "Delivered",
};

const pathTo = (status: OrderStatus): number => path.map(String).indexOf(status);

/** How far an order has come; nothing for one that was cancelled or sent back. */
export const steps = (status: OrderStatus): HTMLElement | null => {
  const reached = pathTo(status);
  if (reached === -1) return null;
  const isDone = (index: number) => index < reached || status === "delivered";
  return h(
    "ol",
    { class: "steps" },
    path.map((step, index) =>
      h(
        "li",
        { "data-done": index <= reached, "aria-current": index === reached ? "step" : null },
        h("span", { class: "step-mark" }, isDone(index) && icon("check")),
        words[step],
      ),
    ),
  );
};
