import { createServer, type Server } from "node:net";
import type { PgliteDatabase } from "./pglite.ts";
import { WireClient } from "./wire-client.ts";

export interface WireOptions {
  host: string;
  port: number;
  /** Users that may connect, with their passwords. */
  passwords: Record<string, string>;
  /** How long a client may sit idle in a transaction, which blocks everyone else. */
  idleInTransactionMs?: number;
  /** Ends the server and its clients; a transaction that one of them left open is rolled back. */
  signal?: AbortSignal;
}

/**
 * Serves PGlite over PostgreSQL's wire protocol, so that psql and the Supabase CLI connect as usual.
 * PGlite has one session: clients take turns, and each finds its own user, settings, prepared
 * statements and channels in its turn. Temporary tables end with their client, but all
 * see them; advisory locks are everybody's and go with the last client.
 */
export const serveWire = (database: PgliteDatabase, options: WireOptions): Promise<Server> => {
  const clients = new Map<number, WireClient>();
  let connections = 0;
  const server = createServer((socket) => {
    const process = ++connections;
    const end = () => socket.destroy();
    socket.setNoDelay(true);
    options.signal?.addEventListener("abort", end);
    const client = new WireClient(process, database, socket, {
      passwords: options.passwords,
      idleInTransactionMs: options.idleInTransactionMs ?? 30_000,
      cancel: (number, secret) => {
        const waiting = clients.get(number);
        if (waiting?.secret === secret) waiting.cancel();
      },
    });
    clients.set(process, client);
    socket.once("close", () => {
      options.signal?.removeEventListener("abort", end);
      clients.delete(process);
      if (clients.size === 0 && !options.signal?.aborted) tidy(database);
    });
  });
  options.signal?.addEventListener("abort", () => server.close(), { once: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve(server));
  });
};

/** Ends what a client's session would have ended with it. */
const tidy = (database: PgliteDatabase): void => {
  database
    .session((session) => session.exec("discard temp; select pg_advisory_unlock_all()"))
    .catch(() => undefined);
};
