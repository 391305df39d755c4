import { h } from "../../shared/dom.ts";
import { money } from "../../shared/money.ts";
import { picture } from "../../shared/picture.ts";

export interface Line {
  title: string;
  options: Readonly<Record<string, string>>;
  image: string | null;
  quantity: number;
  line_total: number;
}

/** "Size M · Colour Pine". */
export const optionText = (options: Readonly<Record<string, string>>): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${value}`)
    .join(" · ");

/** What is bought, in a few words a line. */
export const lineList = (
  lines: readonly Line[],
  currency: string,
  projectUrl: string,
): HTMLElement =>
  h(
    "ul",
    { class: "lines" },
    lines.map((line) =>
      h(
        "li",
        {},
        picture({ path: line.image, title: line.title, projectUrl }),
        h(
          "span",
          {},
          h("span", { class: "line-title" }, line.title),
          h(
            "span",
            { class: "small muted" },
            [optionText(line.options), `Quantity ${line.quantity}`].filter(Boolean).join(" · "),
          ),
        ),
        h("span", { class: "number" }, money(line.line_total, currency)),
      ),
    ),
  );
