import { AuthError } from "../auth-error.ts";
import { withFields } from "../landing.ts";

/** A refusal in a provider's own words (RFC 6749, 4.1.2.1). */
export class ProviderRefusal extends Error {
  override name = "ProviderRefusal";
  constructor(
    readonly code: string,
    readonly description: string,
  ) {
    super(description);
  }
}

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

const fieldsOf = (error: AuthError | ProviderRefusal): Record<string, string> =>
  error instanceof AuthError
    ? { error: nameOf(error), error_code: error.code, error_description: error.message }
    : { error: error.code, error_description: error.description };

/** Whether a failed callback tells the application of this, by sending the browser back. */
export const isTellable = (error: unknown): error is AuthError | ProviderRefusal =>
  error instanceof AuthError || error instanceof ProviderRefusal;

/** The application's address with what went wrong, in the query and in the fragment. */
export const withError = (target: string, error: AuthError | ProviderRefusal): string =>
  withFields(target, fieldsOf(error), true);
