import { h } from "../../shared/dom.ts";
import { picture } from "../../shared/picture.ts";
import type { Tile } from "../data/catalog.ts";
import { links, type Shop } from "../shop.ts";
import { priceTag } from "./price.ts";
import { rating } from "./rating.ts";

/** A product in a grid. */
export const tile = (shop: Shop, product: Tile, eager = false): HTMLElement =>
  h(
    "li",
    { class: "tile", "data-sold-out": !product.in_stock },
    h(
      "a",
      { href: links.product(product.slug) },
      picture({
        path: product.image,
        title: product.title,
        projectUrl: shop.config.url,
        eager,
      }),
      h(
        "span",
        { class: "tile-flags" },
        product.is_on_sale && h("span", { class: "flag", "data-kind": "sale" }, "Sale"),
        !product.in_stock && h("span", { class: "flag" }, "Sold out"),
      ),
      product.brand && h("span", { class: "tile-brand small muted" }, product.brand),
      h("span", { class: "tile-title" }, product.title),
      h(
        "span",
        { class: "tile-foot" },
        priceTag(product),
        rating(product.rating_average, product.rating_count),
      ),
    ),
  );

/** Stand-ins while a list is on its way. */
export const tileSkeletons = (count: number): HTMLElement[] =>
  Array.from({ length: count }, () =>
    h(
      "li",
      { class: "tile skeleton", "aria-hidden": "true" },
      h("span", { class: "picture" }),
      h("span", { class: "bone" }),
      h("span", { class: "bone", "data-short": true }),
    ),
  );
