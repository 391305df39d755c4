import type { DatabaseError } from "../database/database.ts";

export interface AuthErrorOptions {
  cause?: unknown;
  /** What a weak password lacks: `length`, `characters`. */
  weaknesses?: readonly string[];
  /** Seconds until another try may succeed. */
  retryAfter?: number;
}

/** A refusal as GoTrue answers it; `code` is one of its documented error codes. */
export class AuthError extends Error {
  override name = "AuthError";
  readonly weaknesses: readonly string[] | undefined;
  readonly retryAfter: number | undefined;
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    { cause, weaknesses, retryAfter }: AuthErrorOptions = {},
  ) {
    super(message, { cause });
    this.weaknesses = weaknesses;
    this.retryAfter = retryAfter;
  }
}

/** A refusal in the form of RFC 6749, 5.2, as a few of GoTrue's answers have it; always 400. */
export class OAuthError extends Error {
  override name = "OAuthError";
  constructor(
    readonly error: string,
    readonly description: string,
  ) {
    super(description);
  }
}

/** The commonest refusal: a request that is well-formed JSON but not what the endpoint takes. */
export const invalid = (message: string) => new AuthError(400, "validation_failed", message);

/** PostgreSQL's text holds no NUL, its jsonb no half of a surrogate pair, a column so many characters. */
const isUnstorable = ({ code, message }: DatabaseError) =>
  code === "22021" ||
  code === "22P05" ||
  code === "22001" ||
  (code === "22P02" && message.includes("type json"));

/**
 * A failure of the database, most often of a trigger on auth.users; GoTrue names no more of it.
 * Text that no database could hold is the caller's mistake.
 */
export const databaseFailure = (message: string, cause: DatabaseError) =>
  isUnstorable(cause)
    ? new AuthError(400, "validation_failed", "The request holds text that cannot be stored", {
        cause,
      })
    : new AuthError(500, "unexpected_failure", message, { cause });

export const apiVersionHeader = "x-supabase-api-version";
const newestVersion = "2024-01-01";

/** Clients that name this version, or a later one, get codes as `code`; others a status there. */
const asksForNewest = (request: Request) => {
  const asked = request.headers.get(apiVersionHeader) ?? "";
  return /^\d{4}-\d\d-\d\d$/.test(asked) && asked >= newestVersion;
};

export const errorResponse = (error: AuthError | OAuthError, request: Request): Response => {
  if (error instanceof OAuthError) {
    const { error: kind, description } = error;
    return Response.json({ error: kind, error_description: description }, { status: 400 });
  }
  const newest = asksForNewest(request);
  const named = newest
    ? { code: error.code, message: error.message }
    : { code: error.status, error_code: error.code, msg: error.message };
  return Response.json(
    { ...named, ...(error.weaknesses && { weak_password: { reasons: error.weaknesses } }) },
    {
      status: error.status,
      headers: {
        "x-sb-error-code": error.code,
        ...(newest && { [apiVersionHeader]: newestVersion }),
        ...(error.retryAfter !== undefined && { "retry-after": String(error.retryAfter) }),
      },
    },
  );
};
