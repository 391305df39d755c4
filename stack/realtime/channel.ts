import { type Access, type Credentials, expired, isApiKey, now, Refused } from "./access.ts";
import type { Authorization } from "./authorization.ts";
import type { Join } from "./join.ts";
import type { Outbox } from "./outbox.ts";
import type { Broadcast, Frame, Incoming, Ref, Version } from "./protocol.ts";
import type { Subscriber, Topics } from "./topics.ts";

/** What a channel needs of the server and of the connection that it belongs to. */
export interface ChannelPorts {
  credentials: Credentials;
  authorization: Authorization;
  topics: Topics;
  outbox: Outbox;
  /** Whom the socket's API key speaks for. */
  keyAccess: Access;
  headers: Record<string, string>;
  version: Version;
  send(frame: Frame): void;
  /** Pushes an event on this channel to its client. */
  push(event: string, payload: Record<string, unknown>): void;
  /** The channel ended itself: its client is told so. */
  closed(): void;
  log(message: string): void;
}

type Reply = { status: "ok" | "error"; response: Record<string, unknown> };

export const ok: Reply = { status: "ok", response: {} };

/** Larger than this a broadcast is refused, as on Supabase: 3,000 kB and some room for the rest. */
export const maximumPayload = 3_000_500;

const databaseUnavailable = new Refused(
  "UnableToConnectToProject",
  "Realtime was unable to connect to the project database",
);

/** Timers cannot wait longer than 24 days, and clocks drift: look again after an hour at most. */
const longestWait = 60 * 60 * 1000;

/**
 * One client's membership in one topic. What the policies allow is asked when joining and again for
 * every new token; reading decides on membership, writing is asked with the first broadcast.
 */
export class Channel implements Subscriber {
  readonly version: Version;
  readonly #topic: { name: string; private: boolean };
  #writable: Promise<boolean> | boolean | undefined;
  #expiry: NodeJS.Timeout | undefined;
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
  }

  /** Joins the topic; rejects with `Refused`. */
  static async open(joinRef: Ref, join: Join, ports: ChannelPorts): Promise<Channel> {
    // Without a session clients send their API key, which the socket has shown already.
    const token = join.token && !isApiKey(join.token) ? join.token : undefined;
    const access = token ? await ports.credentials.accessOf(token) : ports.keyAccess;
    const channel = new Channel(joinRef, join, access, token, ports);
    await channel.#mayRead(access);
    await ports.outbox.attend().catch((error) => {
      ports.outbox.leave();
      ports.log(`Realtime could not listen to the database: ${error}`);
      throw databaseUnavailable;
    });
    channel.#watchExpiry();
    ports.topics.subscribe(channel.#topic, channel);
    return channel;
  }

  deliver(frame: Frame): void {
    this.ports.send(frame);
  }

  /** Ends the membership, silently. */
  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#expiry);
    this.ports.outbox.leave();
    this.ports.topics.unsubscribe(this.#topic, this);
  }

  /** A reply, or nothing: Supabase answers only what the client asked an answer for. */
  receive(message: Incoming): Reply | undefined | Promise<Reply | undefined> {
    switch (message.event) {
      case "broadcast":
        return this.#broadcast(message);
      case "access_token":
        return this.#refresh(message.payload.access_token);
      case "presence":
        return {
          status: "error",
          response: { reason: "NotSupported: The local stack does not serve presence" },
        };
      default:
        return undefined;
    }
  }

  #broadcast(message: Incoming): Reply | undefined | Promise<Reply | undefined> {
    const broadcast: Broadcast = message.broadcast ?? {
      kind: "envelope",
      text: JSON.stringify(message.payload),
    };
    const size = broadcast.kind === "user" ? broadcast.body.length : broadcast.text.length;
    if (size > maximumPayload) {
      return this.join.ack
        ? { status: "error", response: { reason: "payload_size_exceeded" } }
        : undefined;
    }
    const writable = this.#mayWrite();
    return typeof writable === "boolean"
      ? this.#publish(broadcast, writable)
      : writable.then((allowed) => this.#publish(broadcast, allowed));
  }

  /** A broadcast that the policies do not allow is dropped without a word, as on Supabase. */
  #publish(broadcast: Broadcast, allowed: boolean): Reply | undefined {
    if (!allowed || !this.#open) return undefined;
    this.ports.topics.publish(this.#topic, broadcast, this.join.self ? undefined : this);
    return this.join.ack ? ok : undefined;
  }

  #mayWrite(): boolean | Promise<boolean> {
    if (!this.join.private) return true;
    this.#writable ??= this.#askToWrite();
    return this.#writable;
  }

  async #askToWrite(): Promise<boolean> {
    try {
      const { writable, problem } = await this.ports.authorization.ask({
        ...this.#question(this.access),
        read: [],
        write: ["broadcast"],
      });
      if (problem) this.#logPolicy(problem);
      this.#writable = writable.has("broadcast");
      return this.#writable;
    } catch (error) {
      this.ports.log(`Realtime could not authorise a broadcast to ${this.join.name}: ${error}`);
      // Not cached: the next broadcast asks again.
      this.#writable = undefined;
      return false;
    }
  }

  async #mayRead(access: Access): Promise<void> {
    if (!this.join.private) return;
    const { readable, problem } = await this.ports.authorization
      .ask({ ...this.#question(access), read: ["broadcast"], write: [] })
      .catch((error) => {
        this.ports.log(`Realtime could not authorise a join of ${this.join.name}: ${error}`);
        throw databaseUnavailable;
      });
    if (problem) this.#logPolicy(problem);
    if (readable.has("broadcast")) return;
    throw new Refused(
      "Unauthorized",
      `You do not have permissions to read from this Channel topic: ${this.join.name}`,
    );
  }

  async #refresh(token: unknown): Promise<undefined> {
    if (typeof token !== "string" || token === this.token || isApiKey(token)) return;
    try {
      const access = await this.ports.credentials.accessOf(token);
      await this.#mayRead(access);
      if (!this.#open) return;
      this.access = access;
      this.token = token;
      this.#writable = undefined;
      this.#watchExpiry();
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

  #shutDown(message: string): void {
    if (!this.#open) return;
    this.leave();
    const { name: channel } = this.#topic;
    this.ports.push("system", { extension: "system", status: "error", message, channel });
    this.ports.closed();
  }

  #question(access: Access) {
    return { access, topic: this.join.name, headers: this.ports.headers };
  }

  #logPolicy(problem: string): void {
    this.ports.log(`A policy on realtime.messages failed for ${this.join.name}: ${problem}`);
  }
}
