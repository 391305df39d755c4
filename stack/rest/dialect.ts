import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import type { Database, Session } from "../database/database.ts";

const dialectOver = (driver: Driver): Dialect => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => driver,
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
});

class SessionConnection implements DatabaseConnection {
  constructor(
    readonly session: Session,
    readonly release: () => void,
  ) {}

  async executeQuery<R>(query: {
    sql: string;
    parameters: readonly unknown[];
  }): Promise<QueryResult<R>> {
    const { rows, affected } = await this.session.query(query.sql, query.parameters);
    // Kysely's row type is the caller's promise about its own statement.
    const typed: unknown = rows;
    return { rows: typed as R[], numAffectedRows: BigInt(affected) };
  }

  // biome-ignore lint/correctness/useYield: the interface asks for a generator; nothing streams here
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("The local stack does not stream query results.");
  }
}

class DatabaseDriver implements Driver {
  constructor(private readonly database: Database) {}

  async init(): Promise<void> {}

  /** Bridges "take, use, give back" onto `Database.session`, which holds for one callback. */
  acquireConnection(): Promise<SessionConnection> {
    return new Promise((acquired, failed) => {
      this.database
        .session(
          (session) =>
            new Promise<void>((release) => acquired(new SessionConnection(session, release))),
        )
        .catch(failed);
    });
  }

  async releaseConnection(connection: SessionConnection): Promise<void> {
    connection.release();
  }

  beginTransaction = (connection: SessionConnection) => connection.session.exec("begin");
  commitTransaction = (connection: SessionConnection) => connection.session.exec("commit");
  rollbackTransaction = (connection: SessionConnection) => connection.session.exec("rollback");

  async destroy(): Promise<void> {}
}

/** Kysely on the whole database: every statement, or transaction, takes its own session. */
export const kyselyOn = (database: Database): Kysely<Record<string, never>> =>
  new Kysely({ dialect: dialectOver(new DatabaseDriver(database)) });

/** Kysely on a session that somebody else holds and whose transaction somebody else ends. */
export const kyselyWithin = (session: Session): Kysely<Record<string, never>> => {
  const connection = new SessionConnection(session, () => undefined);
  const nothing = async () => undefined;
  return new Kysely({
    dialect: dialectOver({
      init: nothing,
      acquireConnection: async () => connection,
      releaseConnection: nothing,
      beginTransaction: nothing,
      commitTransaction: nothing,
      rollbackTransaction: nothing,
      destroy: nothing,
    }),
  });
};
