import { isDatabaseError } from "../database/database.ts";

/**
 * A refusal as Supabase Storage words it. The body carries the true status as text; the HTTP status
 * is 400 for all of them but faults of the server, which is what clients are used to.
 */
export class StorageError extends Error {
  override name = "StorageError";
  constructor(
    /** What the body calls `statusCode`. */
    readonly status: number,
    /** What the body calls `error`. */
    readonly error: string,
    message: string,
    /** The HTTP status where it is not the usual one. */
    readonly httpStatus = status >= 500 ? status : 400,
  ) {
    super(message);
  }

  get response(): Response {
    const { status, error, message, httpStatus } = this;
    return Response.json({ statusCode: String(status), error, message }, { status: httpStatus });
  }
}

export const noSuchBucket = () => new StorageError(404, "Bucket not found", "Bucket not found");

export const noSuchKey = () => new StorageError(404, "not_found", "Object not found");

/** The row is there and its file is not. */
export const fileMissing = () => new StorageError(404, "Not found", "The resource was not found");

export const invalidBucketName = () =>
  new StorageError(400, "Invalid Input", "Bucket name invalid");

export const invalidKey = (key: string) =>
  new StorageError(400, "InvalidKey", `Invalid key: ${key}`);

export const invalidMimeType = (mimetype: string) =>
  new StorageError(415, "invalid_mime_type", `mime type ${mimetype} is not supported`);

export const entityTooLarge = (entity = "object") =>
  new StorageError(413, "Payload too large", `The ${entity} exceeded the maximum allowed size`);

export const invalidFileSizeLimit = () =>
  new StorageError(
    400,
    "InvalidRequest",
    "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B",
  );

export const bucketNotEmpty = () =>
  new StorageError(409, "ResourceNotEmpty", "The bucket you tried to delete is not empty");

export const noContent = (message = "No content provided") =>
  new StorageError(400, "InvalidRequest", message);

export const accessDenied = (message: string) => new StorageError(403, "Unauthorized", message);

export const invalidJwt = (message: string) => new StorageError(400, "InvalidJWT", message);

export const invalidSignature = (message = "Invalid signature") =>
  new StorageError(400, "InvalidSignature", message);

/** What the schema of a route refuses; the message names the place. */
export const invalidRequest = (message: string) => new StorageError(400, "Error", message);

export const routeNotFound = (method: string, path: string) =>
  new StorageError(404, "Not Found", `Route ${method}:${path} not found`, 404);

export const imageRefused = (status: number, message: string) =>
  new StorageError(status, "InvalidRequest", message);

/** What a database error means to a client of Storage. */
const fromDatabase = (code: string, message: string): StorageError => {
  switch (code) {
    case "42501":
      return accessDenied(
        message.includes("row-level security")
          ? "new row violates row-level security policy"
          : message,
      );
    case "23505":
      return new StorageError(409, "Duplicate", "The resource already exists");
    case "23503":
      return new StorageError(404, "InvalidRequest", "The related resource does not exist");
    case "55P03":
      return new StorageError(423, "ResourceLocked", "The resource is locked");
    case "57014":
      return new StorageError(544, "DatabaseTimeout", "The connection to the database timed out");
    default:
      // Class 22 is about values: too large a number, text that PostgreSQL cannot hold.
      if (code.startsWith("22")) return new StorageError(400, "InvalidParameter", message);
      return new StorageError(500, "DatabaseError", `database error, code: ${code}`);
  }
};

/** Database errors as `StorageError`; everything else as it is. */
export const asStorageError = (error: unknown): unknown =>
  isDatabaseError(error)
    ? Object.assign(fromDatabase(error.code, error.message), { cause: error })
    : error;
