import { h } from "../../shared/dom.ts";
import type { Variant } from "../data/catalog.ts";

export interface VariantPicker {
  element: HTMLElement;
  show(variants: readonly Variant[], chosen: Variant): void;
}

/**
 * One row of choices an option. Choosing a value keeps the others as far as a variant has them; a
 * value whose variant is sold out stays choosable, struck through.
 */
export const variantPicker = (
  start: readonly Variant[],
  choose: (variant: Variant) => void,
): VariantPicker => {
  let variants = start;
  let current: Variant | undefined;
  const names = [...new Set(start.flatMap(({ options }) => Object.keys(options)))];
  const isNeeded = start.length > 1;

  const best = (name: string, value: string): Variant | undefined => {
    const candidates = variants.filter(({ options }) => options[name] === value);
    const likeness = ({ options, in_stock }: Variant) =>
      names.filter((other) => options[other] === current?.options[other]).length +
      (in_stock ? 0.5 : 0);
    return candidates.toSorted((a, b) => likeness(b) - likeness(a))[0];
  };

  const radio = (group: string, label: string, wanted: () => Variant | undefined) => {
    const input = h("input", {
      type: "radio",
      name: `option-${group}`,
      value: label,
      onchange: () => {
        const variant = wanted();
        if (variant) choose(variant);
      },
    });
    return { input, wanted, element: h("label", { class: "choice" }, input, h("span", {}, label)) };
  };

  const groups = names.map((name) => {
    const values = [...new Set(start.map(({ options }) => options[name] ?? ""))].filter(Boolean);
    return {
      name,
      radios: values.map((value) => ({ value, ...radio(name, value, () => best(name, value)) })),
    };
  });
  // Variants without options are told apart by title.
  const plain = isNeeded && names.length === 0;
  const titles = plain
    ? start.map(({ id, title, sku }) => ({
        id,
        ...radio("variant", title || sku, () => variants.find((variant) => variant.id === id)),
      }))
    : [];

  const show = (next: readonly Variant[], chosen: Variant) => {
    variants = next;
    current = chosen;
    for (const { name, radios } of groups) {
      for (const { value, input, element } of radios) {
        input.checked = chosen.options[name] === value;
        element.dataset.soldOut = String(best(name, value)?.in_stock !== true);
      }
    }
    for (const { id, input, element } of titles) {
      input.checked = id === chosen.id;
      element.dataset.soldOut = String(variants.find((one) => one.id === id)?.in_stock !== true);
    }
  };

  const row = (title: string, choices: readonly HTMLElement[]) =>
    h("fieldset", { class: "option" }, h("legend", {}, title), h("div", {}, choices));
  const element = h(
    "div",
    { class: "options", hidden: !isNeeded },
    groups.map(({ name, radios }) =>
      row(
        name,
        radios.map((one) => one.element),
      ),
    ),
    plain &&
      row(
        "Choose",
        titles.map((one) => one.element),
      ),
  );
  return { element, show };
};
