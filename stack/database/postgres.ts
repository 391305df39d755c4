import { availableParallelism } from "node:os";
import postgres from "postgres";
import { type Database, inTransaction, type Row, type Session } from "./database.ts";
import { createStatements } from "./postgres-statements.ts";
import { isoInstant, isoTimestamp, parseInteger, parseNumeric } from "./values.ts";

const text = (oid: number, parse = (value: string) => value) => ({
  to: oid,
  from: [oid],
  serialize: String,
  parse,
});

/** Text that is bound to a json parameter is JSON already, as with PGlite; anything else is encoded. */
const json = (oid: number) => ({
  to: oid,
  from: [oid],
  serialize: (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value)),
  parse: (value: string): unknown => JSON.parse(value),
});

const typeParsers = {
  // Text that PostgreSQL reads itself, `true` as well as `t`.
  bool: { to: 16, from: [16], serialize: String, parse: (value: string) => value === "t" },
  json: json(114),
  jsonb: json(3802),
  bigint: { to: 20, from: [20], serialize: String, parse: parseInteger },
  numeric: { to: 1700, from: [1700], serialize: String, parse: parseNumeric },
  date: text(1082),
  time: text(1083),
  timestamp: text(1114, isoTimestamp),
  timestamptz: text(1184, isoInstant),
  timetz: text(1266),
};

export interface PostgresOptions {
  /** Connections for sessions; there are a few more for statements, and one for `listen`. */
  connections?: number;
}

/**
 * A statement never waits for its caller, so a few connections keep all processors busy. With more of
 * them, each finds a server process whose memory has gone cold: a fifth fewer a second.
 */
const forStatements = 2 * availableParallelism() + 1;

/** Opens connections to a native PostgreSQL server; the URL's user must be able to create roles. */
export const openPostgres = (url: string, options: PostgresOptions = {}): Database => {
  const { connections = 20 } = options;
  const openPool = (max: number) =>
    postgres(url, {
      max,
      onnotice: () => undefined,
      types: typeParsers,
      connection: { TimeZone: "UTC", application_name: "supamarket-stack" },
    });
  const pool = openPool(connections);
  const statementPool = openPool(Math.min(connections, forStatements));
  const statements = createStatements(statementPool);

  const sessionOn = (connection: postgres.ReservedSql | postgres.Sql): Session => ({
    query: async <T extends Row>(statement: string, parameters?: readonly unknown[]) => {
      const values = parameters ? parameters.map((value) => value ?? null) : [];
      const rows = await connection.unsafe<T[]>(statement, values as never[], { prepare: true });
      return { rows: [...rows], affected: rows.count ?? 0 };
    },
    exec: async (script) => {
      await connection.unsafe(script);
    },
  });

  const session = async <T>(use: (session: Session) => Promise<T>): Promise<T> => {
    const connection = await pool.reserve();
    try {
      return await use(sessionOn(connection));
    } finally {
      connection.release();
    }
  };

  return {
    kind: "postgres",
    session,
    transaction: (use, settings) => session((own) => inTransaction(own, use, settings, "commit")),
    rehearse: (use, settings) => session((own) => inTransaction(own, use, settings, "rollback")),
    query: (statement, parameters) => sessionOn(pool).query(statement, parameters),
    statement: statements.run,
    forget: statements.forget,
    listen: async (channel, onPayload) => {
      const subscription = await pool.listen(channel, onPayload);
      return async () => {
        await subscription.unlisten();
      };
    },
    close: async () => {
      await Promise.all([pool, statementPool].map((one) => one.end({ timeout: 5 })));
    },
  };
};
