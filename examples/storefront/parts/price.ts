import { h } from "../../shared/dom.ts";
import { money } from "../../shared/money.ts";

export interface Price {
  price: number;
  base_price: number;
  currency: string;
  /** Set where variants cost differently. */
  price_max?: number;
}

/** What it costs now, and before when it is on sale. */
export const priceTag = ({ price, base_price, price_max, currency }: Price): HTMLElement => {
  const isFrom = price_max !== undefined && price_max > price;
  const isSale = base_price > price;
  return h(
    "span",
    { class: "price number", "data-sale": isSale },
    isFrom && h("span", { class: "price-from" }, "From "),
    isSale && h("span", { class: "visually-hidden" }, "Now "),
    h("strong", {}, money(price, currency)),
    isSale && h("span", { class: "visually-hidden" }, ", was "),
    isSale && h("s", {}, money(base_price, currency)),
  );
};
