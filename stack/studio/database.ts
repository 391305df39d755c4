import postgres from "postgres";

/**
 * How the Studio reaches the database: as `postgres`, as psql and the Supabase CLI do. Connections
 * are opened when they are used and soon given back.
 */
export const openDatabase = (url: string) => {
  const connect = (settings: string) =>
    postgres(url, {
      max: 1,
      idle_timeout: 5,
      fetch_types: false,
      prepare: false,
      onnotice: () => undefined,
      connection: { application_name: "studio", options: `-c role=postgres ${settings}` },
    });
  // Without a search path the catalog writes every name in full.
  const catalog = connect("-c search_path=pg_catalog");
  const data = connect("");

  return {
    /** Tells what there is. */
    catalog,
    /** Reads and writes rows, with the settings of any other client. */
    data,
    /** A session for one use. */
    session: async <T>(use: (session: postgres.Sql) => Promise<T>): Promise<T> => {
      const sql = connect("");
      // One connection, so that whatever `use` begins is its own, and ends with it.
      try {
        return await use(sql);
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
    stop: async () => {
      await Promise.all([catalog.end({ timeout: 1 }), data.end({ timeout: 1 })]);
    },
  };
};

export type StudioDatabase = ReturnType<typeof openDatabase>;
