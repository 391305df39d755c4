/** An error in PostgREST's shape: https://docs.postgrest.org/en/v14/references/errors.html */
export interface ErrorBody {
  code: string;
  message: string;
  details: unknown;
  hint: string | null;
}

/** A request that is answered with an error; nothing of it took effect. */
export class RestError extends Error {
  override name = "RestError";
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message);
  }
}

export const restError = (
  status: number,
  code: string,
  message: string,
  details: unknown = null,
  hint: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): RestError => new RestError(status, { code, message, details, hint }, headers);
