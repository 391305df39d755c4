import {
  type Broadcast,
  encodeBroadcast,
  encodeMessage,
  type Frame,
  type Version,
} from "./protocol.ts";

/** What clients put before a channel's name. */
export const topicPrefix = "realtime:";

export interface Subscriber {
  readonly version: Version;
  /** False when the policies let it see presence only. */
  readonly hearsBroadcasts: boolean;
  /** False when the policies let it hear broadcasts only. */
  readonly seesPresence: boolean;
  /** Must not wait or throw: the others come after it. `id` is that of a message in the database. */
  deliver(frame: Frame, id?: string): void;
}

/** Public and private channels of one name are different channels. */
export interface Topic {
  name: string;
  private: boolean;
}

export const keyOf = (topic: Topic): string =>
  `${topic.private ? "private" : "public"}:${topic.name}`;

/** Who listens to what. */
export class Topics {
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  subscribe(topic: Topic, subscriber: Subscriber): void {
    const key = keyOf(topic);
    const present = this.#subscribers.get(key);
    if (present) present.add(subscriber);
    else this.#subscribers.set(key, new Set([subscriber]));
  }

  unsubscribe(topic: Topic, subscriber: Subscriber): void {
    const key = keyOf(topic);
    const present = this.#subscribers.get(key);
    present?.delete(subscriber);
    if (present?.size === 0) this.#subscribers.delete(key);
  }

  /** Whether anybody listens. */
  has(topic: Topic): boolean {
    return this.#subscribers.has(keyOf(topic));
  }

  /** Hands the broadcast to every subscriber but `except`. */
  publish(
    topic: Topic,
    broadcast: Broadcast,
    { except, id }: { except?: Subscriber; id?: string } = {},
  ): void {
    const name = `${topicPrefix}${topic.name}`;
    this.#send(
      topic,
      (subscriber) => subscriber !== except && subscriber.hearsBroadcasts,
      (version) => encodeBroadcast(version, name, broadcast),
      id,
    );
  }

  /** Tells who came and went. */
  tellPresence(topic: Topic, diff: Record<"joins" | "leaves", object>): void {
    const message = {
      joinRef: null,
      ref: null,
      topic: `${topicPrefix}${topic.name}`,
      event: "presence_diff",
      payload: diff,
    };
    this.#send(
      topic,
      (subscriber) => subscriber.seesPresence,
      (version) => encodeMessage(version, message),
    );
  }

  /** Encodes once for each version. */
  #send(
    topic: Topic,
    isFor: (subscriber: Subscriber) => boolean,
    encode: (version: Version) => Frame | null,
    id?: string,
  ): void {
    const frames = new Map<Version, Frame | null>();
    for (const subscriber of this.#subscribers.get(keyOf(topic)) ?? []) {
      if (!isFor(subscriber)) continue;
      const { version } = subscriber;
      let frame = frames.get(version);
      if (frame === undefined) {
        frame = encode(version);
        frames.set(version, frame);
      }
      if (frame) subscriber.deliver(frame, id);
    }
  }
}
