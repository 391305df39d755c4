import { invalidRequest } from "./errors.ts";
import type { Store } from "./store.ts";

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const lookUp = (store: Store, id: string): object | undefined =>
  store.intents.get(id)?.object ??
  store.charges.get(id) ??
  store.customers.get(id) ??
  store.paymentMethods.get(id)?.object ??
  store.refunds.get(id)?.object ??
  store.sessions.get(id)?.object;

const wholeList = (url: string, data: object[]) => ({
  object: "list",
  url,
  has_more: false,
  data,
});

/** Fields that are left out unless they are asked for. */
const included = (store: Store, object: Json, name: string): object | undefined => {
  const id = String(object.id);
  if (object.object === "checkout.session" && name === "line_items") {
    return wholeList(`/v1/checkout/sessions/${id}/line_items`, store.sessions.get(id)?.lines ?? []);
  }
  if (object.object === "charge" && name === "refunds") {
    const refunds = store.refunds.newestFirst().map((record) => record.object);
    return wholeList(
      `/v1/charges/${id}/refunds`,
      refunds.filter(({ charge }) => charge === id),
    );
  }
  return undefined;
};

const expandPath = (store: Store, object: Json, path: readonly string[], whole: string): void => {
  const [name = "", ...rest] = path;
  const found = object[name] ?? included(store, object, name);
  if (found === undefined) {
    throw invalidRequest(`This property cannot be expanded (${whole}).`, "expand");
  }
  const target = structuredClone(
    typeof found === "string" ? (lookUp(store, found) ?? found) : found,
  );
  object[name] = target;
  if (rest.length === 0) return;
  for (const next of Array.isArray(target) ? target : [target]) {
    if (isObject(next)) expandPath(store, next, rest, whole);
  }
};

/** The answer with the ids at these paths, e.g. `data.payment_intent`, replaced by their objects. */
export const expand = (store: Store, answer: object, paths: readonly string[]): object => {
  if (paths.length === 0) return answer;
  const copy: Json = Object.fromEntries(Object.entries(structuredClone(answer)));
  for (const path of paths) expandPath(store, copy, path.split("."), path);
  return copy;
};
