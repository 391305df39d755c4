import type { IncomingMessage } from "node:http";
import { tooLarge } from "./body.ts";
import { Refusal } from "./refusal.ts";

export interface SlowBodiesSettings {
  /** Milliseconds for which a body may come as it likes. */
  grace: number;
  /** Bytes a second that it must then have brought on average. */
  rate: number;
}

/** What one body may cost; what is absent has no bound. */
export interface Bounds {
  /** Bytes on the wire. */
  size?: number;
  /** Milliseconds in all, however fast it comes. */
  time?: number;
}

export interface SlowBodies {
  /** Calls `refuse`, once, when the body comes too slowly or goes beyond its bounds. */
  watch(incoming: IncomingMessage, bounds: Bounds, refuse: (refusal: Refusal) => void): void;
  stop(): void;
}

interface Watched {
  incoming: IncomingMessage;
  bounds: Bounds;
  refuse(refusal: Refusal): void;
  began: number;
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
    const { incoming, bounds } = each;
    const { size = Number.POSITIVE_INFINITY, time = Number.POSITIVE_INFINITY } = bounds;
    const received = incoming.socket.bytesRead - each.start;
    if (received > size) return tooLarge(size);
    if (now - each.began > time) return tooSlow();
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
    watch: (incoming, bounds, refuse) => {
      const start = incoming.socket.bytesRead;
      const began = performance.now();
      watched.add({ incoming, bounds, refuse, start, began, counted: 0, since: began });
    },
    stop: () => clearInterval(sweep),
  };
};
