import type { AddressInput } from "../../../types/index.ts";
import { h, set, setText } from "../../shared/dom.ts";
import type { Country } from "../data/settings.ts";
import { type Field, field } from "./field.ts";

export interface AddressForm {
  element: HTMLElement;
  value(): AddressInput;
  /** Whether all that is needed is there, without saying what is missing. */
  isComplete(): boolean;
  fields: ReadonlyMap<string, Field>;
}

const storageKey = "supamarket.address";

/** A postal address; what the visitor typed is remembered for the visit. */
export const addressForm = (
  countries: readonly Country[],
  homeCountry: string,
  changed: () => void,
): AddressForm => {
  const country = h(
    "select",
    { class: "input", name: "country", autocomplete: "country", required: true },
    countries.map(({ code, name }) =>
      h("option", { value: code, selected: code === homeCountry }, name),
    ),
  );
  const all = {
    full_name: field("Full name", { name: "full_name", autocomplete: "name", required: true }),
    line1: field("Address", { name: "line1", autocomplete: "address-line1", required: true }),
    line2: field("Flat, floor, company", { name: "line2", autocomplete: "address-line2" }),
    city: field("Town or city", { name: "city", autocomplete: "address-level2", required: true }),
    region: field("County or state", { name: "region", autocomplete: "address-level1" }),
    postal_code: field("Postcode", { name: "postal_code", autocomplete: "postal-code" }),
    phone: field("Phone", { name: "phone", type: "tel", autocomplete: "tel" }),
  };
  const countryField = h("label", { class: "field" }, h("span", {}, "Country"), country);

  const adapt = () => {
    const chosen = countries.find(({ code }) => code === country.value);
    all.region.setRequired(chosen?.region_required ?? false);
    all.postal_code.setRequired(chosen?.postal_code_example !== null);
    set(all.postal_code.input, "placeholder", chosen?.postal_code_example ?? null);
  };
  const element = h(
    "div",
    { class: "address" },
    all.full_name.element,
    all.line1.element,
    all.line2.element,
    h("div", { class: "pair" }, all.city.element, all.postal_code.element),
    h("div", { class: "pair" }, all.region.element, countryField),
    all.phone.element,
  );

  const value = (): AddressInput => ({
    full_name: all.full_name.value(),
    line1: all.line1.value(),
    line2: all.line2.value() || null,
    city: all.city.value(),
    region: all.region.value() || null,
    postal_code: all.postal_code.value() || null,
    country: country.value,
    phone: all.phone.value() || null,
  });
  const restore = () => {
    const saved = savedTexts();
    for (const [name, one] of Object.entries(all)) one.input.value = saved.get(name) ?? "";
    const code = saved.get("country");
    if (code && countries.some((known) => known.code === code)) country.value = code;
  };
  element.addEventListener("change", () => {
    adapt();
    sessionStorage.setItem(storageKey, JSON.stringify(value()));
    changed();
  });
  restore();
  adapt();
  const inputs = [...Object.values(all).map(({ input }) => input), country];
  return {
    element,
    value,
    isComplete: () => inputs.every((input) => input.validity.valid),
    fields: new Map(Object.entries(all)),
  };
};

const savedTexts = (): Map<string, string> => {
  const saved: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? "{}");
  const texts = new Map<string, string>();
  if (typeof saved !== "object" || saved === null) return texts;
  for (const [name, value] of Object.entries(saved)) {
    if (typeof value === "string") texts.set(name, value);
  }
  return texts;
};

/** Shows a sentence under a field, and takes it away when the shopper changes it. */
export const showFieldProblem = (target: Field, message: string): void => {
  setText(target.problem, message);
  target.problem.hidden = false;
  target.input.setAttribute("aria-invalid", "true");
  target.input.focus();
};
