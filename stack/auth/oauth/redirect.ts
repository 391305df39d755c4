import { AuthError, OAuthError } from "../auth-error.ts";
import { addressWith, withFields } from "../landing.ts";

const deniedCodes = new Set([
  "signup_disabled",
  "user_banned",
  "provider_email_needs_verification",
]);

const nameOf = ({ code, status }: AuthError): string => {
  if (deniedCodes.has(code)) return "access_denied";
  const names: Readonly<Record<number, string>> = {
    400: "invalid_request",
    401: "unauthorized_client",
    403: "access_denied",
  };
  return names[status] ?? "server_error";
};

/** What an application can be told of, by sending the browser back; others are failures of ours. */
export type Tellable = AuthError | OAuthError;

const fieldsOf = (error: Tellable): Record<string, string> =>
  error instanceof AuthError
    ? { error: nameOf(error), error_code: error.code, error_description: error.message }
    : { error: error.error, error_description: error.description };

export const isTellable = (error: unknown): error is Tellable =>
  error instanceof AuthError || error instanceof OAuthError;

/** The application's address with what went wrong, in the query and in the fragment. */
export const withError = (target: string, error: Tellable): string =>
  withFields(target, fieldsOf(error), true);

/** As `withError`, in the query alone: for the site, when nobody knows which application asked. */
export const withErrorInQuery = (target: string, error: Tellable): string =>
  addressWith(target, fieldsOf(error));
