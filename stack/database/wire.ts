import { randomInt, timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { PgliteDatabase } from "./pglite.ts";
import { sessionDefaults } from "./session-defaults.ts";
import { MessageReader, prefixStatement, startupParameters } from "./wire-messages.ts";
import * as reply from "./wire-replies.ts";

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
 * PGlite has one session: a client holds the database's lock from its first message until it is
 * outside a transaction again, and finds its own user, settings and prepared statements each time.
 */
export const serveWire = (database: PgliteDatabase, options: WireOptions): Promise<Server> => {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const end = () => socket.destroy();
    options.signal?.addEventListener("abort", end);
    socket.once("close", () => options.signal?.removeEventListener("abort", end));
    new Client(database, socket, options);
  });
  options.signal?.addEventListener("abort", () => server.close(), { once: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve(server));
  });
};

let clients = 0;

class Client {
  readonly #statementPrefix = `c${++clients}_`;
  readonly #reader = new MessageReader();
  #user: string | undefined;
  #authenticated = false;
  #settings: [string, string][] = [];
  #settingsChanged = false;
  #release: (() => void) | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: PgliteDatabase,
    private readonly socket: Socket,
    private readonly options: WireOptions,
  ) {
    socket.on("data", (chunk) => {
      this.#reader.push(chunk);
      this.#work = this.#work.then(() => this.#drain()).catch((error) => this.#fail(error));
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#work = this.#work.then(() => this.#leave()).catch(() => undefined);
    });
  }

  async #drain(): Promise<void> {
    while (!this.#authenticated) {
      const message = this.#reader.next(this.#user === undefined);
      if (!message) return;
      await this.#greet(message);
    }
    const batch: Uint8Array[] = [];
    for (let message = this.#reader.next(false); message; message = this.#reader.next(false)) {
      if (message[0] === code("X")) {
        this.socket.end();
        return;
      }
      batch.push(prefixStatement(message, this.#statementPrefix));
    }
    if (batch.length > 0) await this.#run(Buffer.concat(batch));
  }

  async #greet(message: Uint8Array): Promise<void> {
    if (this.#user === undefined) {
      const startup = startupParameters(message);
      if (startup === "cancel") this.socket.destroy();
      else if (startup === "encryption") this.socket.write("N");
      else {
        this.#user = startup.get("user") ?? "";
        this.socket.write(reply.passwordWanted());
      }
      return;
    }
    const given = Buffer.from(message.subarray(5, -1));
    const wanted = Buffer.from(this.options.passwords[this.#user] ?? "");
    const matches =
      wanted.length > 0 && given.length === wanted.length && timingSafeEqual(given, wanted);
    if (!matches) {
      const text = `password authentication failed for user "${this.#user}"`;
      this.socket.end(reply.fatal("28P01", text));
      return;
    }
    this.#authenticated = true;
    const { rows } = await this.database.query<{ version: string }>(
      "select current_setting('server_version') as version",
    );
    this.socket.write(reply.welcome(rows[0]?.version ?? "17.0", process.pid, randomInt(2 ** 31)));
  }

  async #run(messages: Uint8Array): Promise<void> {
    clearTimeout(this.#idleTimer);
    if (!this.#release) await this.#enter();
    const { data, ready, settingsChanged } = await this.#execute(messages);
    this.#settingsChanged ||= settingsChanged;
    if (this.socket.writable) this.socket.write(data);
    if (ready === "I") await this.#leave();
    else if (ready !== undefined) this.#watchIdle();
  }

  async #execute(messages: Uint8Array) {
    // Parsed by PGlite too, so that notifications reach its own listeners.
    const { data } = await this.database.pglite.execProtocol(messages, { throwOnError: false });
    return reply.inspect(data);
  }

  async #enter(): Promise<void> {
    this.#release = await this.database.lock.acquire();
    await this.database.pglite.exec(`set session authorization "${this.#user}"`);
    for (const [name, value] of this.#settings) {
      await this.database.pglite.query("select set_config($1, $2, false)", [name, value]);
    }
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#idleTimer);
    if (!this.#release) return;
    const { pglite } = this.database;
    try {
      await pglite.exec("rollback");
      if (this.#settingsChanged) {
        const { rows } = await pglite.query<{ name: string; setting: string }>(
          "select name, current_setting(name) as setting from pg_catalog.pg_settings " +
            "where source = 'session' and name <> 'session_authorization' " +
            "union all select 'role', current_setting('role') order by 1 desc",
        );
        this.#settings = rows.map((row) => [row.name, row.setting]);
        this.#settingsChanged = false;
      }
      await pglite.exec("set session authorization supabase_admin");
      if (this.#settings.length > 0) await pglite.exec(`reset all; ${sessionDefaults}`);
      if (this.socket.destroyed) await this.#forgetStatements();
    } finally {
      this.#release();
      this.#release = undefined;
    }
  }

  async #forgetStatements(): Promise<void> {
    const { rows } = await this.database.pglite.query<{ name: string }>(
      "select name from pg_catalog.pg_prepared_statements where starts_with(name, $1)",
      [this.#statementPrefix],
    );
    for (const { name } of rows) await this.database.pglite.exec(`deallocate "${name}"`);
  }

  #watchIdle(): void {
    this.#idleTimer = setTimeout(() => {
      const text = "terminating connection due to idle-in-transaction timeout";
      this.socket.end(reply.fatal("25P03", text));
      this.#work = this.#work.then(() => this.#leave()).catch(() => undefined);
    }, this.options.idleInTransactionMs ?? 30_000);
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (this.socket.writable) this.socket.end(reply.fatal("XX000", text));
    this.#work = this.#leave().catch(() => undefined);
  }
}

const code = (letter: string) => letter.charCodeAt(0);
