import type { Database } from "../database/database.ts";
import { type Access, type Credentials, expired, isApiKey, now, Refused } from "./access.ts";
import type { Authorization } from "./authorization.ts";
import type { Changes } from "./changes.ts";
import { ChannelChanges } from "./channel-changes.ts";
import { ChannelPolicies, databaseUnavailable, notReadable } from "./channel-policies.ts";
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

/** Timers cannot wait longer than 24 days, and clocks drift: look again after an hour at most. */
const longestWait = 60 * 60 * 1000;

/** What waits until the client knows that it has joined. */
interface Beginning {
  replayed: readonly StoredBroadcast[];
  held: { frame: Frame; id: string | undefined }[];
}

/**
 * One client's membership in one topic: its broadcasts, its presence and the tables that it watches,
 * as far as its token and the policies allow.
 */
export class Channel implements Subscriber {
  readonly version: Version;
  readonly #topic: { name: string; private: boolean };
  readonly #presence: ChannelPresence;
  readonly #changes: ChannelChanges;
  readonly #policies: ChannelPolicies;
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
    this.#policies = new ChannelPolicies(join, access, ports);
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
    await channel.#admit(access);
    await channel.#enter();
    channel.#watchExpiry();
    return channel;
  }

  get hearsBroadcasts(): boolean {
    return this.#policies.mayRead("broadcast");
  }

  get seesPresence(): boolean {
    return this.#policies.mayRead("presence");
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
    if (this.#presence.isEnabled) this.#syncPresence();
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
    const writable = this.#policies.mayWrite("broadcast");
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
      if (outcome.syncs) setImmediate(() => this.#syncPresence());
      return ok;
    }
    return { status: "error", response: outcome.reason ? { reason: outcome.reason } : {} };
  }

  #syncPresence(): void {
    if (this.#open && this.seesPresence) this.#settle(this.#presence.sync());
  }

  /** Tracking turns presence on for who did not ask for it when joining. */
  async #mayTrack(): Promise<boolean> {
    if (!(await this.#policies.mayWrite("presence"))) return false;
    if (this.#presence.isEnabled) return this.#open;
    try {
      await this.#policies.admit(this.access, ["broadcast", "presence"]);
      return this.#open;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  }

  /** Rejects with `Refused` when the policies let this caller read nothing here. */
  #admit(access: Access): Promise<void> {
    return this.#policies.admit(
      access,
      this.#presence.isEnabled ? ["broadcast", "presence"] : ["broadcast"],
    );
  }

  async #refresh(token: unknown): Promise<undefined> {
    if (typeof token !== "string" || token === this.token || isApiKey(token)) return;
    try {
      const access = await this.ports.credentials.accessOf(token);
      await this.#admit(access);
      if (!this.#open) return;
      this.access = access;
      this.token = token;
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
}
