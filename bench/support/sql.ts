import postgres from "postgres";

export type Sql = postgres.Sql;

/** Plain SQL connections: over the wire port to PGlite, or to the native server. */
export const connectSql = (url: string, connections: number): Sql =>
  postgres(url, { max: connections, onnotice: () => undefined, idle_timeout: 0 });
