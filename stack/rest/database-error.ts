import { z } from "zod";
import { type DatabaseError, isConnectionLost, isDatabaseError } from "../database/database.ts";
import { badHeaders, badStatus } from "./answer.ts";
import { type ErrorBody, RestError, restError } from "./rest-error.ts";

/**
 * PostgREST's status for an SQLSTATE. `isAnonymous`: nobody is signed in, so that what is forbidden
 * may be a matter of signing in.
 * https://docs.postgrest.org/en/v14/references/errors.html#http-status-codes
 */
const statusOf = ({ code, message }: DatabaseError, isAnonymous: boolean): number => {
  const own = statusByCode[code];
  if (own !== undefined) return own;
  if (code === "42501") return isAnonymous ? 401 : 403;
  if (code === "21000") return message.endsWith("requires a WHERE clause") ? 400 : 500;
  if (code === "22023") return /^role .* does not exist$/s.test(message) ? 401 : 400;
  if (/^(08|53|57P01$)/.test(code)) return 503;
  if (/^(0L|0P|28)/.test(code)) return 403;
  if (/^(09|25|2D|38|39|3B|40|54|55|57|58|F0|HV|P0|PT|XX)/.test(code)) return 500;
  return 400;
};

const statusByCode: Readonly<Record<string, number>> = {
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  "42P17": 500,
  "53400": 500,
  P0001: 400,
};

/** The answer to a statement that failed; other errors are no answer and are thrown on. */
export const asRestError = (error: unknown, isAnonymous: boolean): RestError => {
  if (error instanceof RestError) return error;
  if (isConnectionLost(error)) {
    const message = "Database client error. Retrying the connection.";
    return restError(503, "PGRST001", message, error.message);
  }
  if (!isDatabaseError(error)) throw error;
  if (error.code === "PGRST") return worded(error);
  if (/^invalid input syntax for type integer: ".* PGRST112"$/s.test(error.message))
    return badStatus();
  if (/^invalid input syntax for type integer: ".* PGRST111"$/s.test(error.message))
    return badHeaders();
  const body: ErrorBody = {
    code: error.code,
    message: error.message,
    details: error.detail ?? null,
    hint: error.hint ?? null,
  };
  const [, chosen] = /^PT(\d{3})$/.exec(error.code) ?? [];
  if (chosen !== undefined) return new RestError(Number(chosen), body);
  const status = statusOf(error, isAnonymous);
  return new RestError(status, body, status === 401 ? { "www-authenticate": "Bearer" } : {});
};

const Answer = z.object({
  code: z.string(),
  message: z.string(),
  details: z.string().nullish(),
  hint: z.string().nullish(),
});

const Form = z.object({
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
});

/**
 * SQL may word the whole answer: `raise sqlstate 'PGRST' using message = '{"code": …}', detail =
 * '{"status": …, "headers": {…}}'`.
 */
const worded = ({ message, detail }: DatabaseError): RestError => {
  const answer = Answer.safeParse(jsonOf(message)).data;
  if (!answer) {
    return misworded(
      `Invalid JSON value for MESSAGE: '${message}'`,
      "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
    );
  }
  const form = Form.safeParse(jsonOf(detail ?? "")).data;
  if (!form) {
    return misworded(
      detail === undefined
        ? "DETAIL is missing in the RAISE statement"
        : `Invalid JSON value for DETAIL: '${detail}'`,
      "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.",
    );
  }
  const { code, details = null, hint = null } = answer;
  return new RestError(form.status, { code, message: answer.message, details, hint }, form.headers);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const misworded = (details: string, hint: string) =>
  restError(
    500,
    "PGRST121",
    "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
    details,
    hint,
  );
