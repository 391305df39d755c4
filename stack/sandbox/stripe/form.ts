import { invalidRequest } from "./errors.ts";

/** A decoded form: lists are objects whose keys are indexes, because the wire cannot tell them apart. */
export interface Form {
  [key: string]: string | Form;
}

const MAX_DEPTH = 10;

// Without a prototype, so that a field named `constructor` or `__proto__` is only a field.
const emptyForm = (): Form => Object.create(null);

const pathOf = (name: string): string[] => {
  const [head = "", ...rest] = name.split("[");
  if (rest.some((part) => !part.endsWith("]")) || head === "") {
    throw invalidRequest(`Invalid parameter name: ${name.slice(0, 100)}`);
  }
  return [head, ...rest.map((part) => part.slice(0, -1))];
};

const assign = (form: Form, name: string, value: string): void => {
  const path = pathOf(name);
  if (path.length > MAX_DEPTH) throw invalidRequest(`Parameter nested too deeply: ${path[0]}`);
  let target = form;
  for (const [depth, part] of path.entries()) {
    const key = part === "" ? String(Object.keys(target).length) : part;
    if (depth === path.length - 1) {
      target[key] = value;
      return;
    }
    const next = target[key] ?? emptyForm();
    if (typeof next === "string") throw invalidRequest(`Invalid hash: ${name}`, path[0]);
    target[key] = next;
    target = next;
  }
};

/** Decodes `a[b][0]=x&a[c][]=y` into nested forms; throws 400 on names that are not well formed. */
export const decodeForm = (encoded: string): Form => {
  const form = emptyForm();
  for (const [name, value] of new URLSearchParams(encoded)) assign(form, name, value);
  return form;
};

/** The string value of a top-level field, if it is there and is a string. */
export const field = (form: Form, name: string): string | undefined => {
  const value = form[name];
  return typeof value === "string" ? value : undefined;
};

/** The form without the given top-level fields. */
export const without = (form: Form, names: readonly string[]): Form => {
  const rest = emptyForm();
  for (const [key, value] of Object.entries(form)) if (!names.includes(key)) rest[key] = value;
  return rest;
};
