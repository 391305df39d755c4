import { newId } from "./ids.ts";
import { signatureHeader } from "./signature.ts";
import type { DeliveryRecord, EndpointRecord, EventRecord, Store } from "./store.ts";

/**
 * `normal`: as they come. `duplicate`: each twice, at the same time. `held`: kept until released.
 * `reversed`: kept until a number has gathered, then sent newest first.
 */
export type DeliveryMode = "normal" | "duplicate" | "held" | "reversed";

export interface Deliveries {
  readonly mode: DeliveryMode;
  setMode(mode: DeliveryMode, batch: number): void;
  endpointsFor(type: string): EndpointRecord[];
  queue(event: EventRecord, endpoint: EndpointRecord): void;
  /** Sends what is held, one after the other; resolves to how many, once each was tried. */
  release(order: "oldest_first" | "newest_first"): Promise<number>;
  /** Sends an event again to all its endpoints; resolves when tried. */
  resend(event: EventRecord): Promise<DeliveryRecord[]>;
  /** Takes up deliveries that an earlier process left unfinished. */
  resume(): void;
  /** Forgets what is held or waiting. */
  clear(): void;
  stop(): Promise<void>;
}

export interface DeliveryPorts {
  store: Store;
  /** Resolves when all state so far is kept: nobody may hear of what a restart would forget. */
  kept(): Promise<void>;
  /** Milliseconds to wait after each failed attempt; when they are used up, the delivery has failed. */
  retryDelays: readonly number[];
  log(line: string): void;
}

const PARALLEL = 8;
const TIMEOUT_MS = 15_000;

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "unknown";
  return error.cause instanceof Error ? error.cause.message : error.message;
};

/** Sends events to webhook endpoints: signed, retried with back-off on anything but 2xx. */
export const createDeliveries = ({ store, kept, retryDelays, log }: DeliveryPorts): Deliveries => {
  const stopping = new AbortController();
  const waiting: DeliveryRecord[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let mode: DeliveryMode = "normal";
  let batch = 2;
  let held: DeliveryRecord[] = store.deliveries
    .newestFirst()
    .filter(({ state }) => state === "held")
    .reverse();

  const post = async (event: EventRecord, { object, secret }: EndpointRecord) => {
    const timestamp = Math.floor(Date.now() / 1000);
    const response = await fetch(object.url, {
      method: "POST",
      headers: {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "stripe-signature": signatureHeader(event.payload, secret, timestamp),
      },
      body: event.payload,
      redirect: "manual",
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.status;
  };

  const settle = (delivery: DeliveryRecord, state: "delivered" | "failed"): void => {
    delivery.state = state;
    store.countUnsettled(delivery.event, -1);
    store.deliveries.put(delivery);
  };

  const retryLater = (delivery: DeliveryRecord): void => {
    const wait = retryDelays[delivery.attempts.length - 1];
    if (wait === undefined) {
      settle(delivery, "failed");
      log(`stripe sandbox: gave up delivering ${delivery.type} (${delivery.event})`);
      return;
    }
    store.deliveries.put(delivery);
    const timer = setTimeout(() => {
      timers.delete(timer);
      enqueue(delivery);
    }, wait);
    timers.add(timer);
  };

  const attempt = async (delivery: DeliveryRecord): Promise<void> => {
    await kept();
    // A reset may have forgotten it, before or while it is on its way.
    const isForgotten = () => store.deliveries.get(delivery.id) === undefined;
    const event = store.events.get(delivery.event);
    const endpoint = store.endpoints.get(delivery.endpoint);
    if (isForgotten()) return;
    if (!event || !endpoint) {
      settle(delivery, "failed");
      return;
    }
    const at = Math.floor(Date.now() / 1000);
    const result = await post(event, endpoint).then(
      (status) => ({ at, status }),
      (error: unknown) => ({ at, status: 0, error: reasonOf(error) }),
    );
    // Stopping is not a failure: the attempt is made again when the sandbox is back.
    if (stopping.signal.aborted || isForgotten()) return;
    delivery.attempts.push(result);
    if (result.status >= 200 && result.status < 300) settle(delivery, "delivered");
    else retryLater(delivery);
    await kept();
  };

  const start = (delivery: DeliveryRecord): Promise<void> => {
    const run: Promise<void> = attempt(delivery)
      .catch((error: unknown) => {
        log(`stripe sandbox: delivery ${delivery.id} broke: ${reasonOf(error)}`);
      })
      .finally(() => {
        running.delete(run);
        startNext();
      });
    running.add(run);
    return run;
  };
  const startNext = (): void => {
    while (running.size < PARALLEL && !stopping.signal.aborted) {
      const next = waiting.shift();
      if (!next) return;
      start(next);
    }
  };
  const enqueue = (delivery: DeliveryRecord): void => {
    waiting.push(delivery);
    startNext();
  };

  const add = (event: EventRecord, endpoint: EndpointRecord, state: "held" | "pending") => {
    const delivery: DeliveryRecord = {
      id: newId.delivery(),
      event: event.id,
      type: event.type,
      endpoint: endpoint.id,
      state,
      attempts: [],
    };
    store.deliveries.put(delivery);
    store.countUnsettled(event.id, 1);
    return delivery;
  };

  const endpointsFor = (type: string): EndpointRecord[] =>
    store.endpoints
      .newestFirst()
      .filter(({ object }) => object.status === "enabled")
      .filter(
        ({ object: { enabled_events: wanted } }) => wanted.includes("*") || wanted.includes(type),
      );

  const release = async (order: "oldest_first" | "newest_first"): Promise<number> => {
    const released = order === "newest_first" ? held.toReversed() : held;
    held = [];
    for (const delivery of released) {
      delivery.state = "pending";
      store.deliveries.put(delivery);
    }
    for (const delivery of released) if (!stopping.signal.aborted) await start(delivery);
    return released.length;
  };
  const releaseSoon = (order: "oldest_first" | "newest_first"): void => {
    release(order).catch((error: unknown) => log(`stripe sandbox: ${reasonOf(error)}`));
  };

  const forget = (): void => {
    held = [];
    waiting.length = 0;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };

  return {
    get mode() {
      return mode;
    },
    setMode: (newMode, newBatch) => {
      mode = newMode;
      batch = newBatch;
      if (mode === "normal" || mode === "duplicate") releaseSoon("oldest_first");
    },
    endpointsFor,
    queue: (event, endpoint) => {
      if (mode === "held" || mode === "reversed") {
        held.push(add(event, endpoint, "held"));
        if (mode === "reversed" && held.length >= batch) releaseSoon("newest_first");
        return;
      }
      enqueue(add(event, endpoint, "pending"));
      if (mode === "duplicate") enqueue(add(event, endpoint, "pending"));
    },
    release,
    resend: async (event) => {
      const added = endpointsFor(event.type).map((endpoint) => add(event, endpoint, "pending"));
      await Promise.all(added.map(start));
      return added;
    },
    resume: () => {
      for (const delivery of store.deliveries.newestFirst().reverse()) {
        if (delivery.state === "pending") enqueue(delivery);
      }
    },
    clear: forget,
    stop: async () => {
      stopping.abort();
      forget();
      await Promise.allSettled(running);
    },
  };
};
