import type { WebSocket } from "ws";
import { type Access, Refused } from "./access.ts";
import { Channel, type ChannelServices, ok } from "./channel.ts";
import { readJoin } from "./join.ts";
import {
  decodeMessage,
  encodeMessage,
  type Frame,
  type Incoming,
  type Message,
  type Version,
} from "./protocol.ts";
import { topicPrefix } from "./topics.ts";

export interface ConnectionOptions {
  version: Version;
  keyAccess: Access;
  headers: Record<string, string>;
  /** Bytes that may wait for a client that reads too slowly, before it is dropped. */
  maximumBuffered: number;
}

/** Messages that may wait for earlier ones of their topic before the socket is read no further. */
const maximumWaiting = 100;

/**
 * One client: its socket and the channels it has joined. Messages of one topic are handled one
 * after the other; those of different topics do not wait for each other.
 */
export class Connection {
  readonly #channels = new Map<string, Channel>();
  /** Topics with a message at work, and the messages that wait behind it. */
  readonly #waiting = new Map<string, Incoming[]>();
  #waitingCount = 0;
  #lastHeard = Date.now();
  #messages = 0;

  constructor(
    private readonly socket: WebSocket,
    private readonly services: ChannelServices,
    private readonly options: ConnectionOptions,
  ) {
    socket.on("message", (data, binary) => {
      this.#lastHeard = Date.now();
      this.#messages += 1;
      if (!Buffer.isBuffer(data)) return;
      const message = decodeMessage(options.version, data, binary);
      if (message) this.#accept(message);
    });
    socket.on("close", () => {
      for (const channel of this.#channels.values()) channel.leave();
      this.#channels.clear();
      services.limits.users.delete(this);
    });
    // What ws reports here (bad frames, lost connections) it follows with `close`.
    socket.on("error", () => undefined);
  }

  /** Milliseconds since the epoch at which the client last sent anything. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  /** Messages of this client so far, in and out. */
  get messages(): number {
    return this.#messages;
  }

  /** Channels that it has joined. */
  get channels(): number {
    return this.#channels.size;
  }

  drop(): void {
    this.socket.terminate();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  #accept(message: Incoming): void {
    const earlier = this.#waiting.get(message.topic);
    if (earlier) {
      earlier.push(message);
      if (++this.#waitingCount >= maximumWaiting) this.socket.pause();
      return;
    }
    const work = this.#handle(message);
    if (!work) return;
    const waiting: Incoming[] = [];
    this.#waiting.set(message.topic, waiting);
    void this.#drain(message.topic, work, waiting);
  }

  async #drain(topic: string, work: Promise<void>, waiting: Incoming[]): Promise<void> {
    try {
      await work;
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (--this.#waitingCount < maximumWaiting && this.socket.isPaused) this.socket.resume();
        await this.#handle(next);
      }
    } catch (error) {
      this.services.log(`Realtime dropped a client after an unexpected error: ${describe(error)}`);
      this.drop();
    } finally {
      this.#waiting.delete(topic);
    }
  }

  /** Handles one message; a promise when that takes a while. */
  #handle(message: Incoming): Promise<void> | undefined {
    const { topic, event } = message;
    const channel = this.#channels.get(topic);
    if (event === "phx_join") return this.#join(message);
    if (event === "phx_leave") this.#leave(message, channel);
    else if (topic === "phoenix" && event === "heartbeat") this.#reply(message, ok);
    else if (!channel) this.#refuse(message, "unmatched topic");
    else return this.#answer(message, channel.receive(message));
    return undefined;
  }

  #answer(message: Incoming, reply: ReturnType<Channel["receive"]>): Promise<void> | undefined {
    if (reply instanceof Promise) return reply.then((late) => void this.#answer(message, late));
    if (reply) this.#reply(message, reply);
    return undefined;
  }

  async #join(message: Incoming): Promise<void> {
    const { topic, joinRef } = message;
    if (!topic.startsWith(topicPrefix)) return this.#refuse(message, "unmatched topic");
    this.#channels.get(topic)?.leave();
    this.#close(topic);
    try {
      this.#assertAllowed();
      const channel: Channel = await Channel.open(joinRef, readJoin(topic, message.payload), {
        ...this.services,
        ...this.options,
        send: (frame) => this.#send(frame),
        push: (event, payload) => this.#push({ joinRef, ref: null, topic, event, payload }),
        closed: () => {
          if (this.#channels.get(topic) === channel) this.#close(topic);
        },
      });
      if (this.socket.readyState !== this.socket.OPEN) return channel.leave();
      this.#channels.set(topic, channel);
      this.services.limits.users.add(this);
      this.#reply(message, { status: "ok", response: channel.welcome });
      channel.begin();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refuse(message, `${error.code}: ${error.message}`);
      // Who joins in a loop would go on doing so.
      if (error === tooManyJoins) this.close(1000, "");
    }
  }

  /** Throws `Refused` for a join beyond the project's limits. */
  #assertAllowed(): void {
    const { settings, users, joins } = this.services.limits;
    if (!users.has(this) && users.size >= settings.users) {
      throw new Refused("ConnectionRateLimitReached", "Too many connected users");
    }
    if (joins.isExceeded(1)) throw tooManyJoins;
    joins.add();
    if (this.#channels.size >= settings.channelsPerClient) {
      throw new Refused("ChannelRateLimitReached", "Too many channels");
    }
  }

  #leave(message: Incoming, channel: Channel | undefined): void {
    channel?.leave();
    this.#reply(message, ok);
    this.#close(message.topic);
  }

  /** Tells the client that its channel is gone, by the reference it joined with. */
  #close(topic: string): void {
    const channel = this.#channels.get(topic);
    if (!channel) return;
    this.#channels.delete(topic);
    const { joinRef } = channel;
    this.#push({ joinRef, ref: joinRef, topic, event: "phx_close", payload: {} });
  }

  #refuse(message: Incoming, reason: string): void {
    this.#reply(message, { status: "error", response: { reason } });
  }

  #reply({ joinRef, ref, topic }: Incoming, payload: Record<string, unknown>): void {
    this.#push({ joinRef, ref, topic, event: "phx_reply", payload });
  }

  #push(message: Message): void {
    this.#send(encodeMessage(this.options.version, message));
  }

  #send({ data, binary }: Frame): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    // A client that reads too slowly would take ever more memory: it reconnects and refetches.
    if (this.socket.bufferedAmount > this.options.maximumBuffered) this.drop();
    else {
      this.#messages += 1;
      this.socket.send(data, { binary });
    }
  }
}

const tooManyJoins = new Refused("ClientJoinRateLimitReached", "Too many joins per second");

const describe = (error: unknown) => (error instanceof Error ? error.stack : String(error));
