// How values of types that JavaScript cannot hold exactly, or that REST writes differently from
// PostgreSQL, reach the services; the same for both
// drivers, so that REST answers do not depend on where the data lives.

/** int8: a number while it is exact, else a bigint. */
export const parseInteger = (text: string): number | bigint => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
};

/** numeric: a number while it prints the same, else the text. */
export const parseNumeric = (text: string): number | string => {
  const value = Number(text);
  return Number.isFinite(value) && String(value) === text ? value : text;
};

/** timestamptz in ISO 8601, as PostgreSQL's own json functions and so PostgREST write it. */
export const isoInstant = (text: string): string =>
  isoTimestamp(text).replace(/([+-]\d\d)$/, "$1:00");

/** timestamp without zone in ISO 8601. */
export const isoTimestamp = (text: string): string => text.replace(" ", "T");
