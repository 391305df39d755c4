/** A refusal as GoTrue answers it; `code` is one of its documented error codes. */
export class AuthError extends Error {
  override name = "AuthError";
  constructor(
    readonly status: 400 | 401 | 403 | 422 | 429 | 500,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const errorResponse = (error: AuthError): Response =>
  Response.json(
    { code: error.status, error_code: error.code, msg: error.message },
    {
      status: error.status,
      headers: {
        "x-sb-error-code": error.code,
        ...(error.status === 429 && { "retry-after": "60" }),
      },
    },
  );
