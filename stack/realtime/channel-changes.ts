import type { Access } from "./access.ts";
import { type Changes, type Watch, WatchRefused } from "./changes.ts";
import type { Join } from "./join.ts";
import { encodeText, type Version } from "./protocol.ts";
import { topicPrefix } from "./topics.ts";

export interface ChannelChangesPorts {
  changes: Changes;
  version: Version;
  deliver(frame: ReturnType<typeof encodeText>): void;
  /** Tells the client how its subscription stands. */
  tell(status: "ok" | "error", message: string): void;
  log(message: string): void;
}

/** Milliseconds until a subscription that the database could not take is tried again. */
const retryAfter = 5000;

/** The tables that one channel watches. */
export class ChannelChanges {
  #watch: Watch | undefined;
  #retry: NodeJS.Timeout | undefined;
  #open = true;
  /** One change of the subscription at a time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly join: Join,
    private readonly ports: ChannelChangesPorts,
  ) {}

  /** Starts to watch as this caller, or goes on as this caller. */
  watchAs(access: Access): void {
    if (this.join.bindings.length === 0) return;
    clearTimeout(this.#retry);
    this.#turn = this.#turn.then(() => this.#subscribe(access));
  }

  end(): void {
    this.#open = false;
    clearTimeout(this.#retry);
    this.#watch?.end();
  }

  changed(ids: readonly number[], change: string): void {
    const topic = `${topicPrefix}${this.join.name}`;
    const payload = `{"ids":${JSON.stringify(ids)},"data":${change}}`;
    this.ports.deliver(encodeText(this.ports.version, topic, "postgres_changes", payload));
  }

  failed(reason: string): void {
    this.#watch = undefined;
    if (this.#open) this.ports.tell("error", reason);
  }

  async #subscribe(access: Access): Promise<void> {
    if (!this.#open) return;
    try {
      if (this.#watch) await this.#watch.renew(access);
      else this.#watch = await this.ports.changes.watch(this.join.bindings, access, this);
    } catch (error) {
      this.#notSubscribed(access, error);
      return;
    }
    if (this.#open) this.ports.tell("ok", "Subscribed to PostgreSQL");
    else this.#watch.end();
  }

  #notSubscribed(access: Access, error: unknown): void {
    this.#watch = undefined;
    if (!this.#open) return;
    if (error instanceof WatchRefused) {
      // Asking again would not help.
      this.ports.tell("error", error.message);
      return;
    }
    this.ports.log(`Realtime could not subscribe to ${this.join.name}'s tables: ${error}`);
    this.ports.tell("error", "Realtime was unable to connect to the project database");
    this.#retry = setTimeout(() => this.watchAs(access), retryAfter);
    this.#retry.unref();
  }
}
