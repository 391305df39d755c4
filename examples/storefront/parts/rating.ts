import { h } from "../../shared/dom.ts";

/** Stars out of five; nothing while nobody has rated. */
export const rating = (average: number, count: number): HTMLElement | null => {
  if (count === 0) return null;
  const stars = h("span", { class: "stars", "aria-hidden": "true" });
  stars.style.setProperty("--share", `${(average / 5) * 100}%`);
  return h(
    "span",
    { class: "rating small muted" },
    stars,
    h("span", { class: "visually-hidden" }, `${average.toFixed(1)} of 5 stars, `),
    h("span", {}, `${count}`),
    h("span", { class: "visually-hidden" }, " ratings"),
  );
};
