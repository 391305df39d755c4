import { type Child, fill, h } from "../../../examples/shared/dom.ts";
import { Refusal } from "./api.ts";

const notice = h("p", { class: "notice", role: "status", hidden: true });

/** Where the page says what went wrong or was done. */
export const noticeLine = notice;

export const say = (text: string, kind: "done" | "failed" = "done"): void => {
  notice.textContent = text;
  notice.className = `notice ${kind}`;
  notice.hidden = text === "";
};

export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { detail, hint } = error instanceof Refusal ? error.details : {};
  return [error.message, detail, hint].filter(Boolean).join(" — ");
};

/** Runs what a click asked for; a failure is said and ends there. */
export const attempt = async (work: () => Promise<void>): Promise<void> => {
  say("");
  try {
    await work();
  } catch (error) {
    say(wordsOf(error), "failed");
  }
};

export const button = (
  label: string,
  onClick: () => Promise<void>,
  attributes: Record<string, string> = {},
): HTMLButtonElement => {
  const element = h("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", async () => {
    element.disabled = true;
    await attempt(onClick);
    element.disabled = false;
  });
  return element;
};

/** A form in a dialog; resolves when it is sent or given up. `send` throws to keep it open. */
export const ask = (
  title: string,
  fields: readonly Child[],
  action: string,
  send: () => Promise<void>,
): Promise<void> => {
  const failure = h("p", { class: "notice failed", role: "alert", hidden: true });
  const cancel = h("button", { type: "button" }, "Cancel");
  const form = h(
    "form",
    {},
    h("h2", {}, title),
    ...fields,
    failure,
    h("footer", {}, cancel, h("button", { class: "primary", type: "submit" }, action)),
  );
  const dialog = h("dialog", {}, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await send();
        dialog.close();
      } catch (error) {
        failure.hidden = false;
        failure.textContent = wordsOf(error);
      }
    });
    dialog.showModal();
  });
};

/** Asks before something is gone for good. */
export const confirmed = async (question: string, action: string): Promise<boolean> => {
  let isConfirmed = false;
  await ask(question, [], action, async () => {
    isConfirmed = true;
  });
  return isConfirmed;
};

/** A value of the database's; null is told apart from the text. */
export const cell = (value: string | null): Child =>
  value === null ? h("span", { class: "null" }, "NULL") : value;

export const grid = (
  columns: readonly Child[],
  rows: readonly (readonly Child[])[],
): HTMLDivElement => {
  const head = h("tr", {}, ...columns.map((column) => h("th", { scope: "col" }, column)));
  const body = rows.map((row) => h("tr", {}, ...row.map((value) => h("td", {}, value))));
  return h("div", { class: "grid" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body)));
};

export { fill, h };
