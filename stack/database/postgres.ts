import postgres from "postgres";
import {
  beginScript,
  type Database,
  inTransaction,
  type Row,
  type Session,
  type Settings,
} from "./database.ts";
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
  /** Connections in the pool; one more is opened for `listen`. */
  connections?: number;
}

/** Opens a pool on a native PostgreSQL server; the URL's user must be able to create roles. */
export const openPostgres = (url: string, options: PostgresOptions = {}): Database => {
  const pool = postgres(url, {
    max: options.connections ?? 20,
    onnotice: () => undefined,
    types: typeParsers,
    connection: { TimeZone: "UTC", application_name: "supamarket-stack" },
  });

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
    statement: <T extends Row>(text: string, parameters: readonly string[], settings: Settings) =>
      session(async (own) => {
        // Sent one behind the other without waiting: one round trip. A commit after an error is a
        // rollback, so only the first error counts.
        const sent = [
          own.exec(beginScript(settings)),
          own.query<T>(text, parameters),
          own.exec("commit"),
        ] as const;
        const [began, result, ended] = await Promise.allSettled(sent);
        for (const step of [began, result, ended]) {
          if (step.status === "rejected") throw step.reason;
        }
        return sent[1];
      }),
    listen: async (channel, onPayload) => {
      const subscription = await pool.listen(channel, onPayload);
      return async () => {
        await subscription.unlisten();
      };
    },
    close: () => pool.end({ timeout: 5 }),
  };
};
