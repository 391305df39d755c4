import { createApi, type Peer, type RequestEntry } from "./api.ts";
import { createControl } from "./control.ts";
import { createDeliveries } from "./deliveries.ts";
import { setMainEndpoint } from "./endpoints.ts";
import { recordEvent } from "./events.ts";
import { createFaults, NO_FAULTS } from "./faults.ts";
import { createIdempotency } from "./idempotency.ts";
import { memoryJournal, openJournal } from "./journal.ts";
import { createPages } from "./pages.ts";
import { scheduleDebit } from "./payment.ts";
import { scheduleRefund } from "./refunds.ts";
import { createSchedule } from "./schedule.ts";
import { scheduleExpiry } from "./sessions.ts";
import { createStore } from "./store.ts";
import type { Cause, World } from "./world.ts";

export type { Peer } from "./api.ts";

export interface StripeSandboxOptions {
  /** Where events are posted, e.g. the stack's `/functions/v1/webhooks/stripe`. */
  webhookUrl: string;
  /** Signs the events, `whsec_…`. */
  webhookSecret: string;
  /** The one secret key that is accepted, `sk_test_…`. */
  secretKey: string;
  /** The key browsers use; by default the secret key with `pk_` for `sk_`. */
  publishableKey?: string;
  /** Where browsers reach this server. */
  publicUrl: string;
  /** Keeps open payments over a restart; without it everything lives in memory. */
  stateFile?: string;
  /** Milliseconds between attempts to deliver an event; when used up, it counts as failed. */
  webhookRetryDelays?: readonly number[];
  log?: (line: string) => void;
}

export interface StripeSandbox {
  /**
   * Serves `/v1/*` (API), `/c/*` (hosted pages) and `/_sandbox/*` (control). Given the client's
   * address, control refuses other machines; given `peer.reset`, outages cut the connection, and
   * without it the answer breaks off after its first byte.
   */
  fetch(request: Request, peer?: Peer | string): Promise<Response>;
  /** The latest API requests, oldest first. */
  requests(): readonly RequestEntry[];
  stop(): Promise<void>;
}

// About five minutes in all: longer than any restart of the stack, short enough for an afternoon.
const RETRY_DELAYS = [200, 500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000, 60_000, 120_000];

/** A local Stripe: the real wire protocol, the well-known test cards, signed webhooks, faults on demand. */
export const createStripeSandbox = async (
  options: StripeSandboxOptions,
): Promise<StripeSandbox> => {
  const log = options.log ?? (() => {});
  const logError = (error: unknown) =>
    log(`stripe sandbox: ${error instanceof Error ? error.message : String(error)}`);
  const publicUrl = options.publicUrl.replace(/\/+$/, "");
  const stopping = new AbortController();

  const journal =
    options.stateFile === undefined ? memoryJournal() : await openJournal(options.stateFile);
  const store = createStore(journal);
  const faults = createFaults();
  const schedule = createSchedule(logError);
  const deliveries = createDeliveries({
    store,
    kept: () => journal.flushed(),
    retryDelays: options.webhookRetryDelays ?? RETRY_DELAYS,
    log,
  });

  const worldFor = (cause: Cause): World => ({
    store,
    schedule,
    publicUrl,
    now: () => schedule.now(),
    emit: (type, subject, previous) =>
      recordEvent({ store, deliveries, now: schedule.now() }, type, subject, cause, previous),
  });
  // What shoppers, time and tests do has no API request behind it.
  const world = worldFor({ id: null, idempotency_key: null });

  const api = createApi({
    store,
    faults,
    idempotency: createIdempotency(store),
    worldFor,
    kept: () => journal.flushed(),
    secretKey: options.secretKey,
    publishableKey: options.publishableKey ?? options.secretKey.replace(/^sk_/, "pk_"),
    stopping: stopping.signal,
    log,
  });
  const pages = createPages({ world, kept: () => journal.flushed() });

  const configure = () =>
    setMainEndpoint(store, options.webhookUrl, options.webhookSecret, schedule.now());
  const control = createControl({
    world,
    store,
    faults,
    deliveries,
    requests: api.requests,
    kept: () => journal.flushed(),
    reset: () => {
      deliveries.clear();
      schedule.clear();
      store.clear();
      deliveries.setMode("normal", 2);
      faults.set(NO_FAULTS);
      api.forget();
      configure();
    },
  });

  configure();
  for (const session of store.sessions.newestFirst()) scheduleExpiry(world, session);
  for (const intent of store.intents.newestFirst()) scheduleDebit(world, intent);
  for (const refund of store.refunds.newestFirst()) scheduleRefund(world, refund);
  deliveries.resume();

  return {
    fetch: (request, from = {}) => {
      const peer = typeof from === "string" ? { address: from } : from;
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/c/")) return pages.fetch(request);
      if (pathname.startsWith("/_sandbox/")) return control.fetch(request, peer);
      return api.fetch(request, peer);
    },
    requests: api.requests,
    stop: async () => {
      stopping.abort();
      schedule.clear();
      await deliveries.stop();
      await journal.close();
    },
  };
};
