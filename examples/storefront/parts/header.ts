import { h, set, setText } from "../../shared/dom.ts";
import { icon } from "../../shared/icons.ts";
import { formatQuery, parseQuery } from "../data/listing-query.ts";
import { links, type Shop } from "../shop.ts";

/** Name, search, orders, cart with its count, and the categories. */
export const fillHeader = (header: HTMLElement, shop: Shop): { locate(url: URL): void } => {
  const search = h("input", {
    class: "input",
    type: "search",
    name: "q",
    placeholder: "Search the shop",
    "aria-label": "Search the shop",
    autocomplete: "off",
    enterkeyhint: "search",
  });
  const form = h(
    "form",
    {
      role: "search",
      class: "search",
      onsubmit: (event) => {
        event.preventDefault();
        const query = { ...parseQuery(new URLSearchParams()), text: search.value.trim() };
        shop.navigate(links.home + formatQuery(query));
      },
    },
    icon("search"),
    search,
  );
  const count = h("span", { class: "cart-count number", hidden: true });
  const cartLabel = h("span", { class: "visually-hidden" });
  const top = shop.categories.filter(({ parent_id }) => parent_id === null);
  const categoryLinks = top.map(({ name, slug }) =>
    h("a", { href: links.category(slug), "data-slug": slug }, name),
  );

  header.append(
    h(
      "div",
      { class: "bar" },
      h("a", { class: "wordmark", href: links.home }, shop.settings.name),
      form,
      h(
        "nav",
        { "aria-label": "You", class: "bar-links" },
        h(
          "a",
          { href: links.orders, title: "Your orders" },
          icon("receipt"),
          h("span", {}, "Orders"),
        ),
        h(
          "a",
          { href: links.cart, title: "Your cart", class: "cart-link" },
          icon("bag"),
          h("span", {}, "Cart"),
          count,
          cartLabel,
        ),
      ),
    ),
  );
  if (categoryLinks.length > 0) {
    header.append(
      h(
        "nav",
        { class: "categories", "aria-label": "Categories" },
        h(
          "ul",
          {},
          [h("a", { href: links.home, "data-slug": "" }, "Everything"), ...categoryLinks].map(
            (link) => h("li", {}, link),
          ),
        ),
      ),
    );
  }

  shop.cart.watch((cart) => {
    count.hidden = cart.item_count === 0;
    setText(count, cart.item_count > 99 ? "99+" : String(cart.item_count));
    setText(cartLabel, `, ${cart.item_count} ${cart.item_count === 1 ? "piece" : "pieces"}`);
  });

  const locate = (url: URL) => {
    const query = parseQuery(url.searchParams);
    if (document.activeElement !== search) search.value = query.text;
    const isListing = url.pathname === links.home;
    const path = shop.categories.find(({ slug }) => slug === query.category)?.path ?? [];
    for (const link of header.querySelectorAll<HTMLAnchorElement>(".categories a")) {
      const slug = link.dataset.slug ?? "";
      const isHere = isListing && (slug === "" ? url.search === "" : path.includes(slug));
      set(link, "aria-current", isHere ? "page" : null);
    }
  };
  return { locate };
};
