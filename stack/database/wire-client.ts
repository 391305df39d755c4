import { randomInt, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { PgliteDatabase } from "./pglite.ts";
import {
  boundTexts,
  MessageReader,
  ProtocolViolation,
  prefixStatement,
  readStartup,
  sqlOf,
  typeOf,
} from "./wire-messages.ts";
import * as reply from "./wire-replies.ts";
import { keepOthers, TemporaryTables, WireSession } from "./wire-session.ts";
import * as sql from "./wire-sql.ts";

export interface ClientOptions {
  /** Users that may connect, with their passwords. */
  passwords: Readonly<Record<string, string>>;
  /** How long a client may keep the database from others without a word. */
  idleInTransactionMs: number;
  /** Cancels what the client with this process number and secret waits for. */
  cancel(process: number, secret: number): void;
}

/** Start-up parameters that are no settings. */
const connectionParameters = new Set(["user", "database", "replication", "options"]);

const startupSettings = (parameters: ReadonlyMap<string, string>): Map<string, string> => {
  const settings = [...parameters].filter(
    ([name]) => !connectionParameters.has(name) && !name.startsWith("_pq_."),
  );
  const options = parameters.get("options") ?? "";
  for (const [, name = "", value = ""] of options.matchAll(
    /(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)/g,
  )) {
    settings.push([name.replaceAll("-", "_"), value.replaceAll(/\\(.)/g, "$1")]);
  }
  return new Map(settings);
};

/**
 * One connection. It holds the database's lock from the first message of a turn until it is outside
 * a transaction again; another client's turn then begins.
 */
export class WireClient {
  readonly secret = randomInt(2 ** 31);
  readonly #statementPrefix: string;
  readonly #reader = new MessageReader();
  #parameters: Map<string, string> | undefined;
  #session: WireSession | undefined;
  #held: Buffer[] = [];
  #isCopying = false;
  #skipsToSync = false;
  #release: (() => void) | undefined;
  #cancelWait: (() => void) | undefined;
  #restoreOthers: (() => Promise<void>) | undefined;
  readonly #temporary: TemporaryTables;
  #noteTemporary: (() => Promise<void>) | undefined;
  /** In a failed transaction nothing can be asked of the database but to end it. */
  #hasFailed = false;
  /** Whether a statement of the client's, perhaps prepared long ago, makes settings by a call. */
  #callsSetConfig = false;
  #touched = { settings: false, prepared: false };
  readonly #listening = new Map<string, () => Promise<void>>();
  #notifications: Buffer[] = [];
  #idleTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly process: number,
    private readonly database: PgliteDatabase,
    private readonly socket: Socket,
    private readonly options: ClientOptions,
  ) {
    this.#statementPrefix = `c${process}_`;
    this.#temporary = new TemporaryTables(database.pglite);
    socket.on("data", (chunk) => {
      this.#reader.push(chunk);
      this.#then(() => this.#drain());
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#then(() => this.#end()));
  }

  /** Gives up waiting for the database; what runs already runs on, since PGlite cannot interrupt it. */
  cancel(): void {
    this.#cancelWait?.();
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error) => this.#fail(error));
  }

  async #drain(): Promise<void> {
    while (!this.#session) {
      const message = this.#reader.next(this.#parameters === undefined);
      if (!message) return;
      await this.#greet(message);
    }
    for (let message = this.#reader.next(false); message; message = this.#reader.next(false)) {
      const type = typeOf(message);
      if (type === "X") {
        await this.#flush();
        this.socket.end();
        return;
      }
      if (this.#skipsToSync) {
        if (type !== "S") continue;
        this.#skipsToSync = false;
        this.socket.write(reply.readyWhenIdle());
        continue;
      }
      this.#held.push(prefixStatement(message, this.#statementPrefix));
      await this.#followCopy(message, type);
    }
    if (!this.#isCopying) await this.#flush();
  }

  /**
   * PGlite cannot wait for the data of a `copy … from stdin`, so the statement is held back until the
   * client has sent all of it.
   */
  async #followCopy(message: Buffer, type: string): Promise<void> {
    if (type === "c" || type === "f") {
      this.#isCopying = false;
      return;
    }
    const copy = this.#isCopying ? undefined : sql.copyInOf(sqlOf(message));
    if (!copy) return;
    const statement = this.#held.pop();
    await this.#flush();
    if (statement) this.#held.push(statement);
    this.#isCopying = true;
    this.socket.write(reply.copyWanted(copy.isBinary));
  }

  async #flush(): Promise<void> {
    const messages = this.#held.splice(0);
    if (messages.length > 0) await this.#run(messages);
  }

  async #greet(message: Buffer): Promise<void> {
    if (!this.#parameters) {
      const startup = readStartup(message);
      if (startup.kind === "encryption") this.socket.write("N");
      else if (startup.kind === "cancel") {
        this.options.cancel(startup.process, startup.secret);
        this.socket.destroy();
      } else {
        this.#parameters = startup.parameters;
        this.socket.write(reply.passwordWanted());
      }
      return;
    }
    const user = this.#parameters.get("user") ?? "";
    const database = this.#parameters.get("database") ?? user;
    const given = message.subarray(5, -1);
    const wanted = Buffer.from(this.options.passwords[user] ?? "");
    const matches =
      wanted.length > 0 && given.length === wanted.length && timingSafeEqual(given, wanted);
    if (!matches) {
      this.#refuse("28P01", `password authentication failed for user "${user}"`);
    } else if (database !== "postgres") {
      this.#refuse("3D000", `database "${database}" does not exist`);
    } else {
      const settings = startupSettings(this.#parameters);
      this.#session = new WireSession(this.database.pglite, user, settings);
      const { rows } = await this.database.query<{ version: string }>(
        "select current_setting('server_version') as version",
      );
      this.socket.write(reply.welcome(rows[0]?.version ?? "17.0", this.process, this.secret));
    }
  }

  #refuse(sqlState: string, text: string): void {
    this.socket.end(reply.fatal(sqlState, text));
  }

  async #run(messages: Buffer[]): Promise<void> {
    clearTimeout(this.#idleTimer);
    if (!this.#release && !(await this.#enter(messages))) return;
    const statements = messages.map(sqlOf).join(";");
    if (!this.#hasFailed) await this.#lookAround(statements);
    // Parsed by PGlite too, so that notifications reach its own listeners.
    const { data: raw } = await this.database.pglite.execProtocol(Buffer.concat(messages), {
      throwOnError: false,
    });
    const { data, ready, commands } = reply.inspect(raw);
    this.#hasFailed = ready === "E";
    this.#remember(messages, statements, commands);
    if (ready === "I") {
      await this.#leave();
      this.#write(reply.beforeReady(data, this.#notifications.splice(0)));
    } else {
      this.#write(data);
      this.#watchIdle();
    }
  }

  /** Notes, before the statements run, what would be hard to tell afterwards. */
  async #lookAround(statements: string): Promise<void> {
    if (!this.#restoreOthers && sql.endsForAll(statements)) {
      this.#restoreOthers = await keepOthers(this.database.pglite, this.#statementPrefix);
    }
    if (!this.#noteTemporary && sql.makesTemporary(statements)) {
      this.#noteTemporary = await this.#temporary.watch();
    }
  }

  #write(data: Buffer): void {
    if (this.socket.writable) this.socket.write(data);
  }

  /** Notes what the statements did to the session that outlives their transaction. */
  #remember(messages: readonly Buffer[], statements: string, commands: ReadonlySet<string>): void {
    this.#callsSetConfig ||= sql.callsSetConfig(statements);
    if (this.#callsSetConfig || ["SET", "RESET", "DISCARD"].some((tag) => commands.has(tag))) {
      const texts = this.#callsSetConfig ? messages.flatMap(boundTexts) : [];
      this.#session?.rememberCustom(sql.customSettings([statements, ...texts]));
      this.#touched.settings = true;
    }
    if (["PREPARE", "DEALLOCATE", "DISCARD"].some((tag) => commands.has(tag))) {
      this.#touched.prepared = true;
    }
    if (commands.has("LISTEN")) {
      for (const channel of sql.listensTo(statements)) this.#listen(channel);
    }
    if (commands.has("UNLISTEN") || commands.has("DISCARD")) {
      const ended = sql.unlistens(statements);
      for (const channel of ended === "all" ? [...this.#listening.keys()] : ended) {
        this.#unlisten(channel);
      }
    }
  }

  #listen(channel: string): void {
    if (this.#listening.has(channel)) return;
    const registered = this.database.listen(channel, (payload) => {
      const message = reply.notification(channel, payload);
      // Within a turn they wait for its end, as within a transaction of PostgreSQL's.
      if (this.#release) this.#notifications.push(message);
      else this.#write(message);
    });
    registered.catch(() => undefined);
    this.#listening.set(channel, async () => (await registered)());
  }

  #unlisten(channel: string): void {
    const end = this.#listening.get(channel);
    this.#listening.delete(channel);
    end?.().catch(() => undefined);
  }

  /** Waits for the client's turn; false when it was cancelled, and answered, meanwhile. */
  async #enter(messages: readonly Buffer[]): Promise<boolean> {
    const turn = this.database.lock.acquire();
    const cancelled = new Promise<undefined>((resolve) => {
      this.#cancelWait = () => resolve(undefined);
    });
    const release = await Promise.race([turn, cancelled]);
    this.#cancelWait = undefined;
    if (!release) {
      turn.then((free) => free());
      this.#write(reply.failure("57014", "canceling statement due to user request"));
      const endsHere = messages.some((message) => "QS".includes(typeOf(message)));
      if (endsHere) this.#write(reply.readyWhenIdle());
      else this.#skipsToSync = true;
      return false;
    }
    this.#release = release;
    await this.#session?.enter();
    return true;
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#idleTimer);
    if (!this.#release) return;
    try {
      await this.#session?.leave(this.#touched);
      await this.#noteTemporary?.();
      await this.#restoreOthers?.();
    } finally {
      this.#touched = { settings: false, prepared: false };
      this.#restoreOthers = undefined;
      this.#noteTemporary = undefined;
      this.#release();
      this.#release = undefined;
    }
  }

  /** The connection is gone: what it left open is rolled back, what it prepared is forgotten. */
  async #end(): Promise<void> {
    for (const channel of [...this.#listening.keys()]) this.#unlisten(channel);
    await this.#leave();
    if (!this.#session) return;
    await this.database.lock.run(async () => {
      const { pglite } = this.database;
      await this.#temporary.drop();
      const { rows } = await pglite.query<{ name: string }>(
        "select name from pg_catalog.pg_prepared_statements where starts_with(name, $1)",
        [this.#statementPrefix],
      );
      for (const { name } of rows) await pglite.exec(`deallocate "${name.replaceAll('"', '""')}"`);
    });
  }

  #watchIdle(): void {
    this.#idleTimer = setTimeout(() => {
      this.#refuse("25P03", "terminating connection due to idle-in-transaction timeout");
      this.#then(() => this.#leave());
    }, this.options.idleInTransactionMs);
  }

  async #fail(error: unknown): Promise<void> {
    const text = error instanceof Error ? error.message : String(error);
    const sqlState = error instanceof ProtocolViolation ? "08P01" : "XX000";
    if (this.socket.writable) this.#refuse(sqlState, text);
    await this.#leave().catch(() => undefined);
  }
}
