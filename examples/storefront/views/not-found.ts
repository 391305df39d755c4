import { h } from "../../shared/dom.ts";
import { emptyState } from "../parts/states.ts";
import type { Page } from "../router.ts";
import { links } from "../shop.ts";

export const notFound = (): Page => ({
  title: "Not found",
  body: h(
    "div",
    { class: "narrow" },
    h("h1", { tabindex: -1, class: "visually-hidden" }, "Not found"),
    emptyState({
      symbol: "search",
      title: "There is nothing here",
      text: "It may have been moved, or is no longer sold.",
      action: h("a", { class: "button", href: links.home }, "See everything"),
    }),
  ),
});
