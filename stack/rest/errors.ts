import { type DatabaseError, isDatabaseError } from "../database/database.ts";

/** SQLSTATEs, or their classes, that lite answers as PostgREST does. */
const knownToLite = /^(21|22|42|PT|PGRST|23502|23503|23505|25006)/;

/**
 * PostgREST's status for an SQLSTATE.
 * https://docs.postgrest.org/en/v14/references/errors.html#http-status-codes
 */
const statusOf = (code: string): number => {
  if (/^(08|53(?!400))/.test(code)) return 503;
  if (/^(0L|0P|28)/.test(code)) return 403;
  if (code === "P0001") return 400;
  if (/^(09|25|2D|38|39|3B|40|53|54|55|57|58|F0|HV|P0|XX)/.test(code)) return 500;
  return 400;
};

/**
 * lite answers 500 without a code to SQLSTATEs it does not know, check violations and plain `raise
 * exception` among them. It does know PostgREST's own way for SQL to word a whole answer.
 */
export const asPostgrestError = (error: unknown): unknown => {
  if (!isDatabaseError(error) || knownToLite.test(error.code)) return error;
  return answerAs(error, statusOf(error.code));
};

const answerAs = ({ code, message, detail, hint }: DatabaseError, status: number) =>
  Object.assign(
    new Error(JSON.stringify({ code, message, details: detail ?? null, hint: hint ?? null })),
    { code: "PGRST", detail: JSON.stringify({ status, headers: {} }) },
  );
