import { isDatabaseError } from "../database/database.ts";

let muted = false;

/**
 * lite prints every database error with its stack, though the client gets it as the answer: a
 * refused order is no fault of the server's. There is no option for it, so errors that carry an
 * SQLSTATE, or that name a relation the client made up, are kept off the console; so is the notice
 * that its storage is young.
 */
export const quietenLite = (): void => {
  if (muted) return;
  muted = true;
  const warn = console.warn;
  console.warn = (...values: unknown[]) => {
    if (!String(values[0]).startsWith("EXPERIMENTAL FEATURES ENABLED")) warn(...values);
  };
  const print = console.error;
  console.error = (...values: unknown[]) => {
    if (!isClientsError(values[0])) print(...values);
  };
};

const isClientsError = (value: unknown): boolean =>
  (isDatabaseError(value) && /^[0-9A-Z]{5}$/.test(value.code)) ||
  (value instanceof Error && "relation" in value);
