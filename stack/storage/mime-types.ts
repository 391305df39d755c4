import { invalidMimeType } from "./errors.ts";

/** `type/subtype`, `type/*` or `*`, as a bucket's list may name them. */
const listable =
  /^([a-zA-Z0-9\-+.]+)\/([a-zA-Z0-9\-+.]+|\*)(;\s*charset=[a-zA-Z0-9-]+)?$|^\*(\/\*)?$/;

export const requireListable = (mimetypes: readonly string[]): void => {
  for (const mimetype of mimetypes) {
    if (mimetype.length > 1000 || !listable.test(mimetype)) throw invalidMimeType(mimetype);
  }
};

const matches = (mimetype: string, allowed: string): boolean => {
  const [type, subtype] = mimetype.split("/");
  const [allowedType, allowedSubtype] = allowed.split("/");
  return type === allowedType && (allowedSubtype === "*" || subtype === allowedSubtype);
};

/** What can stand in a header again. */
const printable = /^[\x20-\x7e]{1,255}$/;

/** Refuses what the bucket's list does not name; an empty list allows every type there could be. */
export const requireAllowed = (mimetype: string, allowed: readonly string[] | null): void => {
  if (!printable.test(mimetype)) throw invalidMimeType(mimetype);
  if (!allowed || allowed.length === 0) return;
  const wellFormed = mimetype.includes("/");
  if (!wellFormed || !allowed.some((one) => matches(mimetype, one))) {
    throw invalidMimeType(mimetype);
  }
};
