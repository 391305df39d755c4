import { fill, h } from "../../shared/dom.ts";
import { icon } from "../../shared/icons.ts";
import type { ListingQuery } from "../data/listing-query.ts";
import type { Shop } from "../shop.ts";

export interface Filters {
  element: HTMLElement;
  /** Makes the controls show a query that came from elsewhere, such as the address. */
  show(query: ListingQuery): void;
}

/** The controls that narrow the list; every change is told at once. */
export const filters = (
  shop: Shop,
  start: ListingQuery,
  changed: (query: ListingQuery) => void,
): Filters => {
  let query = start;
  const change = (part: Partial<ListingQuery>) => {
    query = { ...query, ...part };
    changed(query);
  };

  const checkbox = (label: string, onchange: (isOn: boolean) => void) => {
    const input = h("input", { type: "checkbox", onchange: () => onchange(input.checked) });
    return { input, element: h("label", { class: "check" }, input, h("span", {}, label)) };
  };
  const amount = (label: string, onchange: (text: string) => void) => {
    const input = h("input", {
      class: "input number",
      type: "number",
      min: 0,
      step: "any",
      inputmode: "decimal",
      placeholder: label,
      "aria-label": `${label} in ${shop.settings.currency}`,
      onchange: () => onchange(input.value),
    });
    return input;
  };

  const group = (title: string, ...content: HTMLElement[]) =>
    h("fieldset", { class: "filter" }, h("legend", {}, title), content);
  const categories = h("ul", { class: "filter-links" });
  const categoryGroup = group("Category", categories);
  const inStock = checkbox("In stock", (isOn) => change({ inStock: isOn }));
  const onSale = checkbox("On sale", (isOn) => change({ onSale: isOn }));
  const min = amount("From", (text) => change({ min: text }));
  const max = amount("To", (text) => change({ max: text }));
  const brands = shop.brands.map(({ name, slug }) => ({
    slug,
    ...checkbox(name, (isOn) =>
      change({
        brands: isOn ? [...query.brands, slug] : query.brands.filter((other) => other !== slug),
      }),
    ),
  }));

  // The categories at the top stand above every page; here are those that narrow what is shown.
  const showCategories = () => {
    const chosen = shop.categories.find(({ slug }) => slug === query.category);
    const parent = shop.categories.some(({ parent_id }) => parent_id === chosen?.id)
      ? chosen?.id
      : chosen?.parent_id;
    const isUseful = query.text !== "" || (parent !== null && parent !== undefined);
    const listed = shop.categories.filter(({ parent_id }) => parent_id === (parent ?? null));
    categoryGroup.hidden = !isUseful || listed.length === 0;
    fill(
      categories,
      listed.map(({ name, slug }) =>
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              "aria-pressed": slug === query.category ? "true" : "false",
              onclick: () => change({ category: slug === query.category ? "" : slug }),
            },
            name,
          ),
        ),
      ),
    );
  };

  const show = (next: ListingQuery) => {
    query = next;
    inStock.input.checked = query.inStock;
    onSale.input.checked = query.onSale;
    if (document.activeElement !== min) min.value = query.min;
    if (document.activeElement !== max) max.value = query.max;
    for (const { input, slug } of brands) input.checked = query.brands.includes(slug);
    showCategories();
  };
  show(start);

  const wide = matchMedia("(min-width: 56rem)");
  const element = h(
    "details",
    { class: "filters", open: wide.matches },
    h("summary", {}, icon("sliders"), "Filter"),
    h(
      "form",
      { "aria-label": "Filter", onsubmit: (event) => event.preventDefault() },
      categoryGroup,
      group("Availability", inStock.element, onSale.element),
      group(
        "Price",
        h("div", { class: "range" }, min, h("span", { "aria-hidden": "true" }, "–"), max),
      ),
      brands.length > 0 &&
        group(
          "Brand",
          h(
            "div",
            { class: "scroll" },
            brands.map((brand) => brand.element),
          ),
        ),
    ),
  );
  wide.addEventListener("change", () => {
    element.open = wide.matches;
  });
  return { element, show };
};
