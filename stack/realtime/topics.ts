import { type Broadcast, encodeBroadcast, type Frame, type Version } from "./protocol.ts";

/** What clients put before a channel's name. */
export const topicPrefix = "realtime:";

export interface Subscriber {
  readonly version: Version;
  /** Must not wait or throw: the others come after it. */
  deliver(frame: Frame): void;
}

/** Public and private channels of one name are different channels. */
export interface Topic {
  name: string;
  private: boolean;
}

const keyOf = (topic: Topic) => `${topic.private ? "private" : "public"}:${topic.name}`;

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

  /** Hands the broadcast to every subscriber but `except`, encoded once for each version. */
  publish(topic: Topic, broadcast: Broadcast, except?: Subscriber): void {
    const frames = new Map<Version, Frame | null>();
    for (const subscriber of this.#subscribers.get(keyOf(topic)) ?? []) {
      if (subscriber === except) continue;
      const { version } = subscriber;
      let frame = frames.get(version);
      if (frame === undefined) {
        frame = encodeBroadcast(version, `${topicPrefix}${topic.name}`, broadcast);
        frames.set(version, frame);
      }
      if (frame) subscriber.deliver(frame);
    }
  }
}
