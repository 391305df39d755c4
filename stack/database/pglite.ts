import { PGlite, type PGliteOptions, types } from "@electric-sql/pglite";
import { ltree } from "@electric-sql/pglite/contrib/ltree";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { pgcrypto } from "@electric-sql/pglite/contrib/pgcrypto";
import { unaccent } from "@electric-sql/pglite/contrib/unaccent";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { pgtap } from "@electric-sql/pglite-pgtap";
import { vector } from "@electric-sql/pglite-pgvector";
import { type Database, inTransaction, type Row, type Session, type Settings } from "./database.ts";
import { Lock } from "./lock.ts";
import { createQuery } from "./pglite-query.ts";
import { createStatements } from "./pglite-statements.ts";
import { sessionDefaults } from "./session-defaults.ts";
import { isoInstant, isoTimestamp, parseInteger, parseNumeric } from "./values.ts";

const extensions = { ltree, pg_trgm, pgcrypto, unaccent, uuid_ossp, pgmq, pgtap, vector };

const asText = (text: string) => text;

const options: PGliteOptions<typeof extensions> = {
  username: "supabase_admin",
  database: "postgres",
  extensions,
  initDbStartParams: ["--username=supabase_admin", "--encoding=UTF8", "--locale=C.UTF-8"],
  postgresqlconf: [
    "shared_buffers = 16MB",
    "min_wal_size = 32MB",
    "max_wal_size = 64MB",
    "jit = off",
  ],
  parsers: {
    [types.INT8]: parseInteger,
    [types.NUMERIC]: parseNumeric,
    [types.DATE]: asText,
    [types.TIME]: asText,
    [types.TIMESTAMP]: isoTimestamp,
    [types.TIMESTAMPTZ]: isoInstant,
    [types.TIMETZ]: asText,
  },
};

/** What the wire server needs beyond `Database`: the raw protocol, inside a held session. */
export interface PgliteDatabase extends Database {
  readonly kind: "pglite";
  readonly pglite: PGlite;
  readonly lock: Lock;
  /** The data directory as a tar archive, to start other instances from. */
  dump(): Promise<Blob>;
}

export const isPglite = (database: Database): database is PgliteDatabase =>
  database.kind === "pglite";

export interface PgliteSource {
  /** A folder to keep the data in; absent: memory. */
  dataDir?: string;
  /** An archive made by `dump` to start from when the folder is empty. */
  image?: Blob;
}

/** Opens PGlite as the platform administrator. Its one session is shared through a fair lock. */
export const openPglite = async (source: PgliteSource): Promise<PgliteDatabase> => {
  const pglite = new PGlite({
    ...options,
    dataDir: source.dataDir ?? "memory://",
    ...(source.image ? { loadDataDir: source.image } : {}),
  });
  await pglite.waitReady;
  await pglite.exec(sessionDefaults);
  const lock = new Lock();

  const listeners = new Map<string, Set<(payload: string) => void>>();
  const dispatch = (channel: string, payload: string) => {
    for (const onPayload of listeners.get(channel) ?? []) queueMicrotask(() => onPayload(payload));
  };
  pglite.onNotification(dispatch);
  const query = createQuery(pglite, dispatch);
  const statements = createStatements(pglite, dispatch);

  const held: Session = {
    query: <T extends Row>(text: string, parameters: readonly unknown[] = []) =>
      query<T>(text, parameters),
    exec: async (script) => {
      await pglite.exec(script);
    },
  };

  const session = <T>(use: (session: Session) => Promise<T>) => lock.run(() => use(held));

  return {
    kind: "pglite",
    pglite,
    lock,
    session,
    transaction: (use, settings) => session((own) => inTransaction(own, use, settings, "commit")),
    rehearse: (use, settings) => session((own) => inTransaction(own, use, settings, "rollback")),
    query: <T extends Row>(text: string, parameters?: readonly unknown[]) =>
      lock.run(() => held.query<T>(text, parameters)),
    statement: <T extends Row>(text: string, parameters: readonly string[], settings: Settings) =>
      lock.run(() => statements.run<T>(text, parameters, settings)),
    forget: statements.forget,
    listen: async (channel, onPayload) => {
      const own = listeners.get(channel) ?? new Set();
      listeners.set(channel, own.add(onPayload));
      await session(({ exec }) => exec(`listen "${channel}"`));
      return async () => {
        own.delete(onPayload);
        if (own.size === 0) await session(({ exec }) => exec(`unlisten "${channel}"`));
      };
    },
    dump: () => lock.run(() => pglite.dumpDataDir("none")),
    close: () => lock.run(() => pglite.close()),
  };
};
