import { isDatabaseError } from "../database/database.ts";

let muted = false;

/**
 * lite prints every database error with its stack, though the client gets it as the answer: a
 * refused order is no fault of the server's. There is no option for it, so errors that carry an
 * SQLSTATE, or that name a relation the client made up, are kept off the console.
 */
export const muteRequestErrors = (): void => {
  if (muted) return;
  muted = true;
  const print = console.error;
  console.error = (...values: unknown[]) => {
    if (!isClientsError(values[0])) print(...values);
  };
};

const isClientsError = (value: unknown): boolean =>
  (isDatabaseError(value) && /^[0-9A-Z]{5}$/.test(value.code)) ||
  (value instanceof Error && "relation" in value);
