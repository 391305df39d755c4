import { z } from "zod";
import type { Join } from "./join.ts";
import type { Limits } from "./limits.ts";
import type { Member, Presence } from "./presence.ts";
import type { Topic } from "./topics.ts";

export interface ChannelPresencePorts {
  presence: Presence;
  limits: Limits;
  /** Whether the policies let this client be present; always so in a public channel. */
  mayTrack(): Promise<boolean> | boolean;
  push(event: string, payload: Record<string, unknown>): void;
}

/**
 * How a presence message ended. `syncs`: afterwards the client has to be told who is there;
 * `shutDown`: why the channel has to be closed.
 */
export type PresenceOutcome =
  | { reply: "ok"; syncs?: boolean }
  | { reply: "error"; reason?: string }
  | { shutDown: string };

const done: PresenceOutcome = { reply: "ok" };
const tooMany: PresenceOutcome = { shutDown: "Too many presence messages per second" };

const Payload = z.record(z.string(), z.unknown());

/** One client's presence in its channel. */
export class ChannelPresence implements Member {
  readonly key: string;
  #enabled: boolean;
  /** What is told of the client now, as JSON text. */
  #tracked: string | undefined;
  #windowEnds = 0;
  #inWindow = 0;

  constructor(
    readonly topic: Topic,
    { presence }: Join,
    private readonly ports: ChannelPresencePorts,
  ) {
    this.key = presence.key;
    this.#enabled = presence.enabled;
  }

  get isEnabled(): boolean {
    return this.#enabled;
  }

  /** Tells the client who is there; the reason when that is one message too many. */
  sync(): PresenceOutcome {
    const { limits, presence } = this.ports;
    if (limits.presence.isExceeded()) return tooMany;
    limits.presence.add();
    this.ports.push("presence_state", presence.state(this.topic));
    return done;
  }

  receive(message: Readonly<Record<string, unknown>>): PresenceOutcome | Promise<PresenceOutcome> {
    if (typeof message.event !== "string") return done;
    if (this.#isTooOften()) return { shutDown: "Client presence rate limit exceeded" };
    switch (message.event.toLowerCase()) {
      case "track":
        return this.#track(message.payload ?? {});
      case "untrack":
        this.leave();
        return done;
      default:
        return { reply: "error" };
    }
  }

  leave(): void {
    if (this.#tracked === undefined) return;
    this.#tracked = undefined;
    this.ports.presence.untrack(this);
  }

  async #track(given: unknown): Promise<PresenceOutcome> {
    if (!(await this.ports.mayTrack())) return { reply: "error" };
    const { data: payload } = Payload.safeParse(given);
    if (!payload) return { reply: "error", reason: "Presence track payload must be a map" };
    const text = JSON.stringify(payload);
    if (text === this.#tracked) return done;
    const { limits, presence } = this.ports;
    if (Buffer.byteLength(text) > limits.settings.payload) {
      return { shutDown: "Track message size exceeded" };
    }
    if (limits.presence.isExceeded()) return tooMany;
    limits.presence.add();
    const isFirst = !this.#enabled;
    this.#enabled = true;
    this.#tracked = text;
    presence.track(this, payload);
    // Whoever did not ask for presence when joining has not been told yet who is there.
    return { reply: "ok", syncs: isFirst };
  }

  #isTooOften(): boolean {
    const { messages, seconds } = this.ports.limits.settings.presencePerClient;
    const now = Date.now();
    if (now > this.#windowEnds) {
      this.#windowEnds = now + seconds * 1000;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    return this.#inWindow > messages;
  }
}
