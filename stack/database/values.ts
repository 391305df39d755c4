// How values of types that JavaScript cannot hold exactly reach the services; the same for both
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
