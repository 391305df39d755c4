import { h, setText } from "../../shared/dom.ts";

export interface FieldOptions {
  name: string;
  type?: "text" | "email" | "tel";
  autocomplete: string;
  required?: boolean;
}

export interface Field {
  element: HTMLElement;
  input: HTMLInputElement;
  problem: HTMLElement;
  value(): string;
  setRequired(isRequired: boolean): void;
}

/** One labelled line of text, with room for what is wrong with it. */
export const field = (label: string, options: FieldOptions): Field => {
  const { name, type = "text", autocomplete, required = false } = options;
  const id = `problem-${name}`;
  const problem = h("span", { class: "field-problem", id, hidden: true });
  const optional = h("span", { class: "optional" });
  const setRequired = (isRequired: boolean) => {
    input.required = isRequired;
    setText(optional, isRequired ? "" : " (optional)");
  };
  const input = h("input", {
    class: "input",
    name,
    type,
    autocomplete,
    maxlength: 200,
    "aria-describedby": id,
    oninput: () => {
      problem.hidden = true;
      input.removeAttribute("aria-invalid");
    },
  });
  setRequired(required);
  return {
    element: h("label", { class: "field" }, h("span", {}, label, optional), input, problem),
    input,
    problem,
    value: () => input.value.trim(),
    setRequired,
  };
};
