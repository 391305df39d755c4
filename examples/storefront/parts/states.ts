import { h } from "../../shared/dom.ts";
import { Failure } from "../../shared/failure.ts";
import { type IconName, icon } from "../../shared/icons.ts";

export interface Emptiness {
  symbol: IconName;
  title: string;
  text: string;
  action?: HTMLElement;
}

/** Said in place of a list that has nothing in it. */
export const emptyState = ({ symbol, title, text, action }: Emptiness): HTMLElement =>
  h(
    "div",
    { class: "empty" },
    icon(symbol),
    h("h2", {}, title),
    h("p", { class: "muted" }, text),
    action,
  );

/** Said when something could not be read, with a way to try again. */
export const failedState = (error: unknown, retry: () => void): HTMLElement =>
  h(
    "div",
    { class: "empty", role: "alert" },
    icon("close"),
    h("h2", {}, "That did not work"),
    h("p", { class: "muted" }, sentenceOf(error)),
    h("button", { class: "button", type: "button", onclick: retry }, "Try again"),
  );

/** What to tell the shopper about an error. */
export const sentenceOf = (error: unknown): string =>
  error instanceof Failure ? error.message : "Something went wrong. Please try again.";

/** Does something once while the button shows that it is at work. */
export const whileBusy = async (
  button: HTMLButtonElement,
  action: () => Promise<void>,
): Promise<void> => {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await action();
  } finally {
    button.removeAttribute("aria-busy");
  }
};
