import { isDatabaseError } from "../database/database.ts";

/** Where a refusal differs from the usual. */
interface Unusual {
  /** What the body calls `error`; else the code. */
  error?: string;
  /** Else 400, and the true one for faults of the server. */
  httpStatus?: number;
}

/**
 * A refusal as Supabase Storage words it. The body carries the true status as text; the HTTP status
 * is 400 for nearly all of them, which is what clients are used to.
 */
export class StorageError extends Error {
  override name = "StorageError";
  readonly error: string;
  readonly httpStatus: number;

  constructor(
    /** What the body calls `statusCode`. */
    readonly status: number,
    /** One of Supabase Storage's error codes. */
    readonly code: string,
    message: string,
    { error = code, httpStatus = status >= 500 ? status : 400 }: Unusual = {},
  ) {
    super(message);
    this.error = error;
    this.httpStatus = httpStatus;
  }

  get response(): Response {
    const { status, error, message, code, httpStatus } = this;
    return Response.json(
      { statusCode: String(status), error, message, code },
      { status: httpStatus },
    );
  }
}

/** No address of Storage; worded by the server that Supabase Storage is built on. */
class RouteNotFound extends StorageError {
  override get response(): Response {
    const { status, error, message } = this;
    return Response.json({ message, error, statusCode: status }, { status });
  }
}

export const routeNotFound = (method: string, path: string) =>
  new RouteNotFound(404, "NotFound", `Route ${method}:${path} not found`, { error: "Not Found" });

export const noSuchBucket = () =>
  new StorageError(404, "NoSuchBucket", "Bucket not found", { error: "Bucket not found" });

export const noSuchKey = () =>
  new StorageError(404, "NoSuchKey", "Object not found", { error: "not_found" });

/** The row is there and its file is not. */
export const fileMissing = () =>
  new StorageError(404, "NoSuchKey", "The resource was not found", { error: "Not found" });

export const invalidBucketName = () =>
  new StorageError(400, "InvalidBucketName", "Bucket name invalid", { error: "Invalid Input" });

export const invalidKey = (key: string) =>
  new StorageError(400, "InvalidKey", `Invalid key: ${key}`);

const mimeTypeRefused = (message: string) =>
  new StorageError(415, "InvalidMimeType", message, { error: "invalid_mime_type" });

export const invalidMimeType = (mimetype: string) =>
  mimeTypeRefused(`mime type ${mimetype} is not supported`);

export const invalidContentType = () => mimeTypeRefused("Invalid Content-Type header");

export const entityTooLarge = (entity = "object") =>
  new StorageError(413, "EntityTooLarge", `The ${entity} exceeded the maximum allowed size`, {
    error: "Payload too large",
  });

export const bodyTooLarge = () =>
  new StorageError(413, "EntityTooLarge", "Request body is too large", {
    error: "Payload too large",
    httpStatus: 413,
  });

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

export const accessDenied = (message: string, httpStatus = 400) =>
  new StorageError(403, "AccessDenied", message, { error: "Unauthorized", httpStatus });

export const invalidJwt = (message: string) => new StorageError(400, "InvalidJWT", message);

export const invalidSignature = (message = "Invalid signature") =>
  new StorageError(400, "InvalidSignature", message);

export const invalidParameter = (name: string) =>
  new StorageError(400, "InvalidParameter", `Invalid Parameter ${name}`);

/** What the schema of a route refuses; the message names the place. */
export const invalidRequest = (message: string) =>
  new StorageError(400, "InvalidRequest", message, { error: "Error" });

export const invalidRange = () =>
  new StorageError(416, "InvalidRange", "invalid range provided", {
    error: "invalid_range",
    httpStatus: 416,
  });

/** The file is not the one that the client's conditions are about. */
export const preconditionFailed = () =>
  new StorageError(412, "PreconditionFailed", "PreconditionFailed", { httpStatus: 412 });

export const imageRefused = (message: string) => new StorageError(400, "InvalidRequest", message);

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
      return new StorageError(409, "ResourceAlreadyExists", "The resource already exists", {
        error: "Duplicate",
      });
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
