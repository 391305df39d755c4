import type { AddressInfo } from "node:net";
import postgres from "postgres";
import type { Database } from "../../stack/database/database.ts";
import { isPglite } from "../../stack/database/pglite.ts";
import { openProject } from "../../stack/database/project.ts";
import { serveWire } from "../../stack/database/wire.ts";

/** The project's schema in a database of the test file's own, empty but for what migrations write. */
export const openOwnDatabase = (): Promise<Database> =>
  openProject({ folder: "supabase", seeds: [] });

/** A connection to it as the role `postgres`, as psql has it; `end` closes connection and server. */
export const connectTo = async (database: Database) => {
  if (!isPglite(database)) throw new TypeError("Only PGlite is served from here.");
  const password = "postgres";
  const server = await serveWire(database, {
    host: "127.0.0.1",
    port: 0,
    passwords: { postgres: password },
  });
  const address: AddressInfo | string | null = server.address();
  const port = address && typeof address === "object" ? address.port : 0;
  const sql = postgres({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    max: 1,
    onnotice: () => undefined,
  });
  return {
    sql,
    end: async () => {
      await sql.end();
      server.close();
    },
  };
};
