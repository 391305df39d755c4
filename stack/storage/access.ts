import type { Database, Session, Settings } from "../database/database.ts";
import { type Caller, service } from "./caller.ts";
import { asStorageError } from "./errors.ts";

type Use<T> = (session: Session) => Promise<T>;

/** The database as one request may use it; database errors come out as `StorageError`. */
export interface Access {
  /** A transaction of the caller's, under row level security. */
  asCaller<T>(use: Use<T>): Promise<T>;
  /** What the caller's transaction would do; nothing stays. */
  rehearse<T>(use: Use<T>): Promise<T>;
  /** A transaction of Storage's own, after the caller has been let in. */
  asService<T>(use: Use<T>): Promise<T>;
}

const settingsOf = (caller: Caller, operation: string, request: Request): Settings => ({
  role: caller.role,
  statement_timeout: "30s",
  "request.jwt.claims": JSON.stringify(caller.claims),
  "request.jwt.claim.sub": caller.owner ?? "",
  "request.jwt.claim.role": caller.role,
  "request.method": request.method,
  "request.path": new URL(request.url).pathname,
  "request.headers": JSON.stringify(Object.fromEntries(request.headers)),
  "storage.operation": operation,
  "storage.allow_delete_query": "true",
});

/** `operation` is the name that policies see as `storage.operation()`. */
export const createAccess = (
  database: Database,
  request: Request,
  caller: Caller,
  operation: string,
): Access => {
  const run = async <T>(
    transaction: Database["transaction"],
    use: Use<T>,
    as: Caller,
  ): Promise<T> => {
    try {
      return await transaction(use, settingsOf(as, operation, request));
    } catch (error) {
      throw asStorageError(error);
    }
  };
  return {
    asCaller: (use) => run(database.transaction, use, caller),
    rehearse: (use) => run(database.rehearse, use, caller),
    asService: (use) => run(database.transaction, use, service),
  };
};
