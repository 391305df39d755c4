/** One row as the driver returns it; callers parse what they use. */
export type Row = Record<string, unknown>;

export interface QueryResult<T extends Row = Row> {
  rows: T[];
  /** Rows inserted, updated or deleted; 0 for reads. */
  affected: number;
}

/** Transaction-local settings (`set_config(name, value, true)`); `role` is one of them. */
export type Settings = Record<string, string>;

/** One database session held exclusively by its user; statements run in the order given. */
export interface Session {
  /** Runs one statement with `$1 …` parameters. Values: json columns parsed, bigint as number when safe, timestamps as text. */
  query<T extends Row = Row>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<QueryResult<T>>;
  /** Runs any number of statements without parameters or results. */
  exec(script: string): Promise<void>;
}

/**
 * The database as the services see it. PGlite has a single session, so `session` and `transaction`
 * queue behind each other there; a native server gives every call its own pooled connection.
 * Hold a session for SQL only, never across a network call.
 *
 * The session user is the platform's administrator (`supabase_admin`): services take on a weaker
 * role per transaction through `settings.role`.
 */
export interface Database {
  readonly kind: "pglite" | "postgres";
  session<T>(use: (session: Session) => Promise<T>): Promise<T>;
  /** `begin` with the settings applied in the same round trip; commits, or rolls back on a throw. */
  transaction<T>(use: (session: Session) => Promise<T>, settings?: Settings): Promise<T>;
  /** As `transaction`, but always rolls back: for asking what a role may do. */
  rehearse<T>(use: (session: Session) => Promise<T>, settings?: Settings): Promise<T>;
  query<T extends Row = Row>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<QueryResult<T>>;
  /**
   * One statement in a transaction of its own with the settings applied, in one exchange with the
   * server. A parameter is text as PostgreSQL's input functions read it, of the type that the
   * statement makes it.
   */
  statement<T extends Row = Row>(
    text: string,
    parameters: readonly string[],
    settings: Settings,
  ): Promise<Pick<QueryResult<T>, "rows">>;
  /** Has statements planned anew: the schema has changed, and with it what their parameters are. */
  forget(): void;
  /** Subscribes to `notify channel`; resolves when listening, to a function that ends it. */
  listen(channel: string, onPayload: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** A database error as PostgreSQL reports it; both drivers throw errors of this shape. */
export interface DatabaseError extends Error {
  /** SQLSTATE, e.g. `23505`. */
  code: string;
  detail?: string;
  hint?: string;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;

/** Whether PostgreSQL said it. Codes of sockets (`EPIPE`) look alike, but no SQLSTATE begins with E. */
export const isDatabaseError = (error: unknown): error is DatabaseError =>
  /^(?!E)[0-9A-Z]{5}$/.test(codeOf(error) ?? "");

/** Whether the server could not be asked at all: the driver's codes and those of sockets. */
export const isConnectionLost = (error: unknown): error is Error =>
  /^(CONNECT|ECONN|EPIPE$|ETIMEDOUT$|ENOTFOUND$|EAI_)/.test(codeOf(error) ?? "");

/** Whether a prepared statement is not there, or was taken away, by `discard all` for one. */
export const isForgotten = (error: unknown): boolean =>
  isDatabaseError(error) && error.code === "26000";

/** A statement that makes each setting local to the transaction. */
export const setConfig = (settings: Settings): string => {
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config(${literal(name)}, ${literal(value)}, true)`,
  );
  return `select ${calls.join(", ")}`;
};

/**
 * A string as an SQL literal, safe whatever `standard_conforming_strings` says. One that PostgreSQL's
 * text cannot hold is refused in its words.
 */
export const literal = (value: string): string => {
  if (value.includes("\0")) {
    const error = new Error('invalid byte sequence for encoding "UTF8": 0x00');
    throw Object.assign(error, { code: "22021" });
  }
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
};

/** Runs `use` in a transaction of a held session; a throw rolls back and goes on. */
export const inTransaction = async <T>(
  held: Session,
  use: (session: Session) => Promise<T>,
  settings: Settings | undefined,
  end: "commit" | "rollback",
): Promise<T> => {
  let result: T;
  try {
    await held.exec(settings ? `begin; ${setConfig(settings)}` : "begin");
    result = await use(held);
  } catch (error) {
    await held.exec("rollback");
    throw error;
  }
  await held.exec(end);
  return result;
};
