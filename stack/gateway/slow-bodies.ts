import type { IncomingMessage } from "node:http";
import { tooLarge } from "./body.ts";
import { Refusal } from "./refusal.ts";

export interface SlowBodiesSettings {
  /** Milliseconds for which a body may come as it likes. */
  grace: number;
  /** Bytes a second that it must then have brought on average. */
  rate: number;
}

export interface SlowBodies {
  /** Calls `refuse`, once, when the body comes too slowly or brings more than `limit` bytes. */
  watch(incoming: IncomingMessage, limit: number, refuse: (refusal: Refusal) => void): void;
  stop(): void;
}

interface Watched {
  incoming: IncomingMessage;
  limit: number;
  refuse(refusal: Refusal): void;
  /** Bytes of the connection before the body. */
  start: number;
  /** What it had brought when `since` was set. */
  counted: number;
  since: number;
}

const tooSlow = () =>
  new Refusal(
    408,
    "request_timeout",
    "The request body came too slowly.",
    "Send it at once, or in smaller parts.",
  );

/**
 * Ends uploads that trickle in to hold a connection, and those that never end. One timer looks at
 * all of them, so that a body that arrives as it should costs nothing. Time that a body waits for
 * its service to read on does not count against the client.
 */
export const createSlowBodies = ({ grace, rate }: SlowBodiesSettings): SlowBodies => {
  const watched = new Set<Watched>();

  const look = (each: Watched, now: number): Refusal | undefined => {
    const { incoming } = each;
    const received = incoming.socket.bytesRead - each.start;
    if (received > each.limit) return tooLarge(each.limit);
    if (incoming.readableLength > 0) {
      each.since = now;
      each.counted = received;
      return undefined;
    }
    const elapsed = now - each.since;
    const isSlow = elapsed > grace && received - each.counted < (elapsed / 1000) * rate;
    return isSlow ? tooSlow() : undefined;
  };

  const sweep = setInterval(
    () => {
      const now = performance.now();
      for (const each of watched) {
        const isOver = each.incoming.complete || each.incoming.destroyed;
        const refusal = isOver ? undefined : look(each, now);
        if (isOver || refusal) watched.delete(each);
        if (refusal) each.refuse(refusal);
      }
    },
    Math.min(1000, grace / 4),
  );
  sweep.unref();

  return {
    watch: (incoming, limit, refuse) => {
      const start = incoming.socket.bytesRead;
      watched.add({ incoming, limit, refuse, start, counted: 0, since: performance.now() });
    },
    stop: () => clearInterval(sweep),
  };
};
