import { h } from "../../shared/dom.ts";

let shown: HTMLElement | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Takes the message away, as when the shopper goes elsewhere. */
export const dismissToast = (): void => shown?.remove();

/** A short message at the foot of the window, with a link on; screen readers hear it too. */
export const toast = (text: string, link?: { href: string; label: string }): void => {
  shown?.remove();
  clearTimeout(timer);
  shown = h(
    "div",
    { class: "toast", role: "status" },
    h("span", {}, text),
    link && h("a", { href: link.href }, link.label),
  );
  document.body.append(shown);
  timer = setTimeout(() => shown?.remove(), 5000);
};
