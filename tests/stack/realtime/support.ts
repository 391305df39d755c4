import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createTokens } from "../../../stack/auth/tokens.ts";
import type { Database } from "../../../stack/database/database.ts";
import { openPglite } from "../../../stack/database/pglite.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { localKeys } from "../../../stack/keys.ts";
import { closeServer, listenOn } from "../../../stack/listen.ts";
import { createRealtime, type RealtimeOptions } from "../../../stack/realtime/realtime.ts";
import type { Project } from "../../platform/realtime/support.ts";

/** A Realtime server of its own, which the helpers of the platform suite work with as well. */
export interface Server extends Project {
  /** What the server wrote to its log. */
  log: string[];
}

/** A database for the servers of one test file: to open one takes seconds. */
export const openDatabase = async (): Promise<Database> => {
  const database = await openPglite({});
  await ensurePlatform(database);
  return database;
};

/** Realtime alone on this database, on a port of its own. */
export const startServer = async (
  database: Database,
  options: RealtimeOptions = {},
): Promise<Server> => {
  const { jwtSecret, publishable, secret } = localKeys;
  const log: string[] = [];
  const realtime = await createRealtime(
    {
      database,
      keys: { publishable, secret },
      verifyToken: createTokens(jwtSecret).verify,
      log: (message) => log.push(message),
    },
    options,
  );
  const server = createServer(getRequestListener(realtime.fetch, { overrideGlobalObjects: false }));
  server.on("upgrade", realtime.handleUpgrade);
  await listenOn(server, 0);
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("The server has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    publishableKey: publishable,
    secretKey: secret,
    jwtSecret,
    log,
    sql: (statement, parameters) =>
      database.transaction(async (session) => (await session.query(statement, parameters)).rows, {
        role: "postgres",
      }),
    stop: async () => {
      await realtime.stop();
      await closeServer(server);
    },
  };
};
