import { invalidContentType, invalidMimeType } from "./errors.ts";

/** `type/subtype` and parameters, as HTTP writes them. */
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const mediaType = new RegExp(
  `^[\\t ]*(${token})/(${token})[\\t ]*(?:;[\\t ]*(?:${token}=(?:${token}|"(?:[^"\\\\]|\\\\.)*")[\\t ]*)?)*$`,
);

/** What can stand in a header again. */
const printable = /^[\x20-\x7e]{1,255}$/;

/** The bare type in lower case; null for what is none. `image/*` and the like are for lists only. */
const bareType = (mimetype: string, { wildcard }: { wildcard: boolean }): string | null => {
  const [, type = "", subtype = ""] = mediaType.exec(mimetype) ?? [];
  const named = !subtype.includes("*") || (wildcard && subtype === "*");
  return type && !type.includes("*") && named ? `${type}/${subtype}`.toLowerCase() : null;
};

/** A bucket's list as it is kept: bare types and `type/*`; throws for anything else. */
export const listable = (mimetypes: readonly string[]): string[] => {
  const types = mimetypes.filter(Boolean).map((mimetype) => {
    const type = mimetype.length <= 1000 ? bareType(mimetype, { wildcard: true }) : null;
    if (!type) throw invalidMimeType(mimetype);
    return type;
  });
  return [...new Set(types)];
};

/** Refuses what the bucket's list does not name; an empty list allows every type there could be. */
export const requireAllowed = (mimetype: string, allowed: readonly string[] | null): void => {
  if (!printable.test(mimetype)) throw invalidMimeType(mimetype);
  if (!allowed || allowed.length === 0) return;
  const type = bareType(mimetype, { wildcard: false });
  const family = type?.replace(/\/.*/, "/*");
  const named = allowed.map((one) => bareType(one, { wildcard: true }));
  if (!type || !named.some((one) => one === type || one === family)) {
    throw invalidMimeType(mimetype);
  }
};

/** The type that a request's own header names. */
export const requireContentType = (header: string): string => {
  if (!bareType(header, { wildcard: true })) throw invalidContentType();
  return header;
};
