import type { Database } from "../database/database.ts";
import { type Access, type Credentials, expired, isApiKey, now, Refused } from "./access.ts";
import type { Authorization, Extension } from "./authorization.ts";
import type { Changes } from "./changes.ts";
import { ChannelChanges } from "./channel-changes.ts";
import { ChannelPresence, type PresenceOutcome } from "./channel-presence.ts";
import { broadcastOf, replayed, type StoredBroadcast } from "./history.ts";
import type { Join } from "./join.ts";
import type { Limits } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import {
  type Broadcast,
  encodeBroadcast,
  type Frame,
  type Incoming,
  type Ref,
  type Version,
} from "./protocol.ts";
import { type Subscriber, type Topics, topicPrefix } from "./topics.ts";

/** What every channel needs of the server. */
export interface ChannelServices {
  database: Database;
  credentials: Credentials;
  authorization: Authorization;
  topics: Topics;
  presence: Presence;
  changes: Changes;
  outbox: Outbox;
  limits: Limits;
  log(message: string): void;
}

/** What a channel needs of the connection that it belongs to. */
export interface ChannelPorts extends ChannelServices {
  /** Whom the socket's API key speaks for. */
  keyAccess: Access;
  headers: Record<string, string>;
  version: Version;
  send(frame: Frame): void;
  /** Pushes an event on this channel to its client. */
  push(event: string, payload: Record<string, unknown>): void;
  /** The channel ended itself: its client is told so. */
  closed(): void;
}

type Reply = { status: "ok" | "error"; response: Record<string, unknown> };

export const ok: Reply = { status: "ok", response: {} };

const databaseUnavailable = new Refused(
  "UnableToConnectToProject",
  "Realtime was unable to connect to the project database",
);

/** Timers cannot wait longer than 24 days, and clocks drift: look again after an hour at most. */
const longestWait = 60 * 60 * 1000;

/** What waits until the client knows that it has joined. */
interface Beginning {
  replayed: readonly StoredBroadcast[];
  held: { frame: Frame; id: string | undefined }[];
}

/**
 * One client's membership in one topic. What the policies allow to read is asked when joining and
 * again for every new token; writing is asked with the first message.
 */
export class Channel implements Subscriber {
  readonly version: Version;
  readonly #topic: { name: string; private: boolean };
  readonly #presence: ChannelPresence;
  readonly #changes: ChannelChanges;
  /** What the policies allow to read; a public channel has none. */
  #readable: ReadonlySet<string> | undefined;
  readonly #writable = new Map<Extension, Promise<boolean> | boolean>();
  #expiry: NodeJS.Timeout | undefined;
  #beginning: Beginning | undefined = { replayed: [], held: [] };
  #open = true;

  private constructor(
    readonly joinRef: Ref,
    private readonly join: Join,
    private access: Access,
    private token: string | undefined,
    private readonly ports: ChannelPorts,
  ) {
    this.version = ports.version;
    this.#topic = { name: join.name, private: join.private };
    this.#presence = new ChannelPresence(this.#topic, join, {
      presence: ports.presence,
      limits: ports.limits,
      mayTrack: () => this.#mayTrack(),
      push: ports.push,
    });
    this.#changes = new ChannelChanges(join, {
      changes: ports.changes,
      version: ports.version,
      deliver: (frame) => this.deliver(frame),
      tell: (status, message) => this.#tell("postgres_changes", status, message),
      log: ports.log,
    });
  }

  /** Joins the topic; rejects with `Refused`. What comes waits for `begin`. */
  static async open(joinRef: Ref, join: Join, ports: ChannelPorts): Promise<Channel> {
    // Without a session clients send their API key, which the socket has shown already.
    const token = join.token && !isApiKey(join.token) ? join.token : undefined;
    const access = token ? await ports.credentials.accessOf(token) : ports.keyAccess;
    const channel = new Channel(joinRef, join, access, token, ports);
    channel.#readable = await channel.#mayRead(access);
    await channel.#enter();
    channel.#watchExpiry();
    return channel;
  }

  get hearsBroadcasts(): boolean {
    return this.#readable?.has("broadcast") ?? true;
  }

  get seesPresence(): boolean {
    return this.#readable?.has("presence") ?? true;
  }

  /** What the client is answered when it has joined. */
  get welcome(): Record<string, unknown> {
    return { postgres_changes: this.join.bindings.map(({ id, params }) => ({ ...params, id })) };
  }

  /** Starts after the client has been told that it joined. */
  begin(): void {
    const { replayed: stored, held } = this.#beginning ?? { replayed: [], held: [] };
    this.#beginning = undefined;
    for (const message of stored) {
      const broadcast = broadcastOf(message, { replayed: true });
      const topic = `${topicPrefix}${this.join.name}`;
      const frame = broadcast && encodeBroadcast(this.version, topic, broadcast);
      if (frame) this.ports.send(frame);
    }
    const ids = new Set(stored.map(({ id }) => id));
    if (this.#presence.isEnabled && this.seesPresence) this.#settle(this.#presence.sync());
    for (const { frame, id } of held) if (!id || !ids.has(id)) this.deliver(frame);
    if (this.join.replicationReady) {
      this.#tell("system", "ok", "Replication connection established");
    }
    this.#changes.watchAs(this.access);
  }

  deliver(frame: Frame, id?: string): void {
    if (!this.#open) return;
    if (this.#beginning) {
      this.#beginning.held.push({ frame, id });
      return;
    }
    this.ports.send(frame);
    this.ports.limits.messages.add();
    if (this.ports.limits.messages.isExceeded()) this.#shutDown("Too many messages per second");
  }

  /** Ends the membership, silently. */
  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#expiry);
    this.#changes.end();
    this.ports.outbox.leave();
    this.ports.topics.unsubscribe(this.#topic, this);
    this.#presence.leave();
  }

  /** A reply, or nothing: Supabase answers only what the client asked an answer for. */
  receive(message: Incoming): Reply | undefined | Promise<Reply | undefined> {
    switch (message.event) {
      case "broadcast":
        return this.#broadcast(message);
      case "access_token":
        return this.#refresh(message.payload.access_token);
      case "presence":
        return this.#receivePresence(message.payload);
      default:
        this.ports.limits.messages.add();
        return undefined;
    }
  }

  /** Takes part in the topic, whose messages are held back until `begin`. */
  async #enter(): Promise<void> {
    await this.ports.outbox.attend().catch((error) => {
      this.ports.outbox.leave();
      this.ports.log(`Realtime could not listen to the database: ${error}`);
      throw databaseUnavailable;
    });
    this.ports.topics.subscribe(this.#topic, this);
    const { replay, name } = this.join;
    if (!replay) return;
    try {
      if (!this.hearsBroadcasts) throw notReadable(name);
      const messages = await replayed(this.ports.database, name, replay);
      if (this.#beginning) this.#beginning.replayed = messages;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  #broadcast(message: Incoming): Reply | undefined | Promise<Reply | undefined> {
    const broadcast: Broadcast = message.broadcast ?? {
      kind: "envelope",
      text: JSON.stringify(message.payload),
    };
    const size = broadcast.kind === "user" ? broadcast.body.length : broadcast.text.length;
    if (size > this.ports.limits.settings.payload) {
      return this.join.ack
        ? { status: "error", response: { reason: "payload_size_exceeded" } }
        : undefined;
    }
    const writable = this.#mayWrite("broadcast");
    return typeof writable === "boolean"
      ? this.#publish(broadcast, writable)
      : writable.then((allowed) => this.#publish(broadcast, allowed));
  }

  /** A broadcast that the policies do not allow is dropped without a word, as on Supabase. */
  #publish(broadcast: Broadcast, allowed: boolean): Reply | undefined {
    if (!allowed || !this.#open) return undefined;
    this.ports.limits.messages.add();
    this.ports.topics.publish(this.#topic, broadcast, this.join.self ? {} : { except: this });
    return this.join.ack ? ok : undefined;
  }

  #receivePresence(
    payload: Record<string, unknown>,
  ): Reply | undefined | Promise<Reply | undefined> {
    const outcome = this.#presence.receive(payload);
    return outcome instanceof Promise
      ? outcome.then((late) => this.#settle(late))
      : this.#settle(outcome);
  }

  #settle(outcome: PresenceOutcome): Reply | undefined {
    if ("shutDown" in outcome) return this.#shutDown(outcome.shutDown);
    if (outcome.reply === "ok") {
      // Behind the reply.
      if (outcome.syncs) setImmediate(() => this.#open && this.#settle(this.#presence.sync()));
      return ok;
    }
    return { status: "error", response: outcome.reason ? { reason: outcome.reason } : {} };
  }

  #mayWrite(extension: Extension): boolean | Promise<boolean> {
    if (!this.join.private) return true;
    const known = this.#writable.get(extension);
    if (known !== undefined) return known;
    const asked = this.#askToWrite(extension);
    this.#writable.set(extension, asked);
    return asked;
  }

  async #askToWrite(extension: Extension): Promise<boolean> {
    const { access } = this;
    try {
      const { writable, problem } = await this.ports.authorization.ask({
        ...this.#question(access),
        read: [],
        write: [extension],
      });
      if (problem) this.#logPolicy(problem);
      const isAllowed = writable.has(extension);
      // A token that came meanwhile is asked about anew.
      if (access === this.access) this.#writable.set(extension, isAllowed);
      return isAllowed;
    } catch (error) {
      this.ports.log(`Realtime could not authorise a message to ${this.join.name}: ${error}`);
      // Not kept: the next message asks again.
      this.#writable.delete(extension);
      return false;
    }
  }

  /** Tracking turns presence on for who did not ask for it when joining. */
  async #mayTrack(): Promise<boolean> {
    if (!(await this.#mayWrite("presence"))) return false;
    if (this.#readable && !this.#presence.isEnabled) {
      this.#readable = await this.#mayRead(this.access, ["broadcast", "presence"]);
    }
    return this.#open;
  }

  /** What the policies allow to read; rejects with `Refused` when that is nothing. */
  async #mayRead(
    access: Access,
    extensions: readonly Extension[] = this.#presence.isEnabled
      ? ["broadcast", "presence"]
      : ["broadcast"],
  ): Promise<ReadonlySet<string> | undefined> {
    if (!this.join.private) return undefined;
    const { readable, problem } = await this.ports.authorization
      .ask({ ...this.#question(access), read: extensions, write: [] })
      .catch((error) => {
        this.ports.log(`Realtime could not authorise a join of ${this.join.name}: ${error}`);
        throw databaseUnavailable;
      });
    if (problem) this.#logPolicy(problem);
    if (readable.size === 0) throw notReadable(this.join.name);
    return readable;
  }

  async #refresh(token: unknown): Promise<undefined> {
    if (typeof token !== "string" || token === this.token || isApiKey(token)) return;
    try {
      const access = await this.ports.credentials.accessOf(token);
      const readable = await this.#mayRead(access);
      if (!this.#open) return;
      for (const extension of this.#readable ?? []) {
        if (!readable?.has(extension)) throw noLongerReadable(this.join.name);
      }
      this.access = access;
      this.token = token;
      this.#readable = readable;
      this.#writable.clear();
      this.#watchExpiry();
      this.#changes.watchAs(access);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#shutDown(error.message);
    }
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.access;
    if (expiresAt === undefined) return;
    const wait = expiresAt * 1000 - Date.now();
    this.#expiry = setTimeout(
      () => {
        if (expiresAt <= now()) this.#shutDown(expired(expiresAt).message);
        else this.#watchExpiry();
      },
      Math.min(Math.max(wait, 0) + 1, longestWait),
    );
    this.#expiry.unref();
  }

  #shutDown(message: string): undefined {
    if (!this.#open) return;
    this.leave();
    this.#tell("system", "error", message);
    this.ports.closed();
  }

  #tell(extension: string, status: "ok" | "error", message: string): void {
    this.ports.push("system", { extension, status, message, channel: this.join.name });
  }

  #question(access: Access) {
    return { access, topic: this.join.name, headers: this.ports.headers };
  }

  #logPolicy(problem: string): void {
    this.ports.log(`A policy on realtime.messages failed for ${this.join.name}: ${problem}`);
  }
}

const notReadable = (name: string) =>
  new Refused(
    "Unauthorized",
    `You do not have permissions to read from this Channel topic: ${name}`,
  );

const noLongerReadable = (name: string) =>
  new Refused(
    "Unauthorized",
    `You no longer have permission to read from this Channel topic: ${name}`,
  );
