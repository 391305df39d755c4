import type { Cart, CartItem } from "../../../types/index.ts";
import { fill, h } from "../../shared/dom.ts";
import { icon } from "../../shared/icons.ts";
import { money } from "../../shared/money.ts";
import { picture } from "../../shared/picture.ts";
import { optionText } from "../parts/lines.ts";
import { quantity } from "../parts/quantity.ts";
import { emptyState, sentenceOf } from "../parts/states.ts";
import { toast } from "../parts/toast.ts";
import type { Page } from "../router.ts";
import { links, type Shop } from "../shop.ts";

/** What the shopper means to buy, at today's prices and with today's stock. */
export const cart = async (shop: Shop): Promise<Page> => {
  await shop.cart.get();
  const content = h("div", { class: "cart-content" });
  const act = async (action: Promise<Cart>) => {
    content.setAttribute("aria-busy", "true");
    try {
      await action;
    } catch (error) {
      toast(sentenceOf(error));
      await shop.cart.reload().catch(() => undefined);
    } finally {
      content.removeAttribute("aria-busy");
    }
  };
  const show = (current: Cart) => {
    const focused = content.contains(document.activeElement)
      ? document.activeElement?.getAttribute("aria-label")
      : null;
    fill(content, current.items.length === 0 ? empty() : filled(shop, current, act));
    // The list was drawn anew: whoever was on a control is on the same one again.
    if (focused)
      content.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  };
  const leave = shop.cart.watch(show);
  return {
    title: "Cart",
    body: h("div", { class: "cart" }, h("h1", { tabindex: -1 }, "Your cart"), content),
    leave,
  };
};

const empty = (): HTMLElement =>
  emptyState({
    symbol: "bag",
    title: "Nothing in here yet",
    text: "What you add stays here, also when you come back another day.",
    action: h("a", { class: "button", href: links.home }, "Look around"),
  });

type Act = (action: Promise<Cart>) => Promise<void>;

const filled = (shop: Shop, current: Cart, act: Act): HTMLElement => {
  const isBlocked = current.items.every(({ warning }) => warning === "unavailable");
  return h(
    "div",
    { class: "split" },
    h(
      "ul",
      { class: "cart-lines" },
      current.items.map((item) => line(shop, current, item, act)),
    ),
    h(
      "aside",
      { class: "card", "aria-label": "Summary" },
      h(
        "dl",
        { class: "sums number" },
        h(
          "div",
          {},
          h("dt", {}, `${current.item_count} ${current.item_count === 1 ? "piece" : "pieces"}`),
          h("dd", {}, money(current.subtotal, current.currency)),
        ),
        current.savings > 0 &&
          h(
            "div",
            { class: "saving" },
            h("dt", {}, "You save"),
            h("dd", {}, money(current.savings, current.currency)),
          ),
        h(
          "div",
          { class: "sum-total" },
          h("dt", {}, "Total"),
          h("dd", {}, money(current.total, current.currency)),
        ),
      ),
      h("p", { class: "small muted" }, "Delivery is added at the checkout."),
      isBlocked
        ? h(
            "p",
            { class: "notice", "data-tone": "warn" },
            "Nothing here can be bought at the moment.",
          )
        : h("a", { class: "button", href: links.checkout }, "Go to checkout", icon("arrow")),
    ),
  );
};

const line = (shop: Shop, { currency }: Cart, item: CartItem, act: Act): HTMLElement => {
  const name = [item.title, optionText(item.options)].filter(Boolean).join(", ");
  const amount = quantity({
    value: item.quantity,
    label: `Quantity of ${name}`,
    onchange: (value) => void act(shop.cart.setQuantity(item.variant_id, value)),
  });
  return h(
    "li",
    { class: "cart-line" },
    h(
      "a",
      { href: links.product(item.slug), tabindex: -1, "aria-hidden": "true" },
      picture({ path: item.image, title: item.title, projectUrl: shop.config.url }),
    ),
    h(
      "div",
      { class: "cart-line-words" },
      h("a", { class: "line-title", href: links.product(item.slug) }, item.title),
      h("p", { class: "small muted" }, optionText(item.options) || item.sku),
      warning(item),
      item.price_changed &&
        item.price_seen !== null &&
        item.unit_price !== null &&
        h(
          "p",
          { class: "small warn" },
          `The price is now ${money(item.unit_price, currency)}; it was ${money(item.price_seen, currency)}.`,
        ),
    ),
    h(
      "div",
      { class: "cart-line-controls" },
      amount.element,
      h(
        "button",
        {
          class: "icon-button",
          type: "button",
          "aria-label": `Remove ${name}`,
          onclick: () => void act(shop.cart.setQuantity(item.variant_id, 0)),
        },
        icon("trash"),
      ),
    ),
    h("strong", { class: "cart-line-total number" }, money(item.line_total, currency)),
  );
};

const warning = (item: CartItem): HTMLElement | null => {
  if (item.warning === null) return null;
  const isShort = item.quantity > item.available;
  const text = {
    unavailable: "No longer sold; it is not counted.",
    out_of_stock: "Sold out.",
    low_stock: isShort
      ? `Only ${item.available} left; take fewer.`
      : `Only ${item.available} left.`,
  }[item.warning];
  return h(
    "p",
    { class: "small", "data-warning": item.warning === "low_stock" && !isShort ? "low" : "stop" },
    text,
  );
};
