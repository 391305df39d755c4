import type { Stripe } from "stripe";
import { z } from "zod";
import type { Journal } from "./journal.ts";

export interface Table<R> {
  get(id: string): R | undefined;
  /** Adds the record or, when it is there already, marks it as changed. */
  put(record: R): void;
  delete(id: string): void;
  clear(): void;
  newestFirst(): R[];
  readonly size: number;
}

export interface PaymentMethodRecord {
  id: string;
  object: Stripe.PaymentMethod;
  /** Name of the test card; the number itself is never kept. */
  card: string;
}

export interface IntentRecord {
  id: string;
  object: Stripe.PaymentIntent;
  /** The Checkout Session that made it. */
  session: string | null;
  returnUrl: string | null;
  /** The method that waits for 3-D Secure or for its bank debit to settle. */
  pendingMethod: string | null;
  /** When a bank debit ends, in seconds. */
  settlesAt: number | null;
}

/** A line of a Checkout Session as the wire has it: decimals are text there. */
export type WireLine = Omit<Stripe.LineItem, "price"> & {
  price: Omit<Stripe.Price, "unit_amount_decimal"> & { unit_amount_decimal: string };
};

export interface SessionRecord {
  id: string;
  object: Stripe.Checkout.Session;
  lines: WireLine[];
  /** Pictures and texts per line, for the page. */
  products: { name: string; description: string | null; image: string | null }[];
  /** What the intent gets when the shopper pays. */
  intent: {
    metadata: Record<string, string>;
    description: string | null;
    receiptEmail: string | null;
    shipping: Stripe.PaymentIntent["shipping"];
    setupFutureUsage: "on_session" | "off_session" | null;
  };
  displayName: string | null;
}

export interface RefundRecord {
  id: string;
  object: Stripe.Refund;
  settlesAt: number | null;
}

export interface EventRecord {
  id: string;
  type: string;
  created: number;
  /** Id of the object it is about. */
  about: string;
  /** The event as JSON, the exact bytes of every delivery. */
  payload: string;
}

export interface EndpointRecord {
  id: string;
  object: Stripe.WebhookEndpoint;
  secret: string;
}

export interface DeliveryRecord {
  id: string;
  event: string;
  type: string;
  endpoint: string;
  state: "held" | "pending" | "delivered" | "failed";
  /** `at` in seconds; `status` 0: no answer. */
  attempts: { at: number; status: number; error?: string }[];
}

export interface IdempotencyRecord {
  id: string;
  path: string;
  /** Digest of the parameters. */
  digest: string;
  created: number;
  status: number;
  body: string;
  request: string;
}

/** A record by its id; the file is our own, so the rest of its shape is taken as written. */
const recordOf = <R extends { id: string }>() =>
  z.custom<R>(
    (value) =>
      typeof value === "object" && value !== null && "id" in value && typeof value.id === "string",
  );

interface Retention<R> {
  /** Beyond so many, the oldest are dropped … */
  limit: number;
  /** … up to the first that is still needed. */
  isNeeded?: (record: R) => boolean;
}

const createTable = <R extends { id: string }>(
  name: string,
  journal: Journal,
  { limit, isNeeded = () => false }: Retention<R> = { limit: Number.POSITIVE_INFINITY },
): Table<R> => {
  const records = new Map<string, R>();
  const schema = recordOf<R>();
  for (const [table, id, record] of journal.restored) {
    if (table === name) records.set(id, schema.parse(record));
  }
  const noteChange = (id: string) => journal.note(name, id, () => records.get(id));
  const remove = (id: string) => {
    if (records.delete(id)) noteChange(id);
  };
  const trim = () => {
    while (records.size > limit) {
      const [oldest] = records.values();
      if (!oldest || isNeeded(oldest)) return;
      remove(oldest.id);
    }
  };
  return {
    get: (id) => records.get(id),
    put: (record) => {
      records.set(record.id, record);
      noteChange(record.id);
      trim();
    },
    delete: remove,
    clear: () => {
      for (const id of [...records.keys()]) remove(id);
    },
    newestFirst: () => [...records.values()].reverse(),
    get size() {
      return records.size;
    },
  };
};

// Histories are kept long enough for any test or afternoon, not for ever.
const HISTORY = 5000;
const KEYS = 20_000;

const isUnsettled = ({ state }: DeliveryRecord) => state === "held" || state === "pending";

/** All state of the sandbox, in memory, each change noted in the journal. */
export const createStore = (journal: Journal) => {
  const deliveries = createTable<DeliveryRecord>("deliveries", journal, {
    limit: HISTORY,
    isNeeded: isUnsettled,
  });
  // How many deliveries of an event are not settled: an event is kept for as long as there are any.
  const unsettled = new Map<string, number>();
  for (const { event } of deliveries.newestFirst().filter(isUnsettled)) {
    unsettled.set(event, (unsettled.get(event) ?? 0) + 1);
  }
  const tables = {
    charges: createTable<Stripe.Charge>("charges", journal),
    coupons: createTable<Stripe.Coupon>("coupons", journal),
    customers: createTable<Stripe.Customer>("customers", journal),
    deliveries,
    endpoints: createTable<EndpointRecord>("endpoints", journal),
    events: createTable<EventRecord>("events", journal, {
      limit: HISTORY,
      isNeeded: ({ id }) => unsettled.has(id),
    }),
    idempotency: createTable<IdempotencyRecord>("idempotency", journal, { limit: KEYS }),
    intents: createTable<IntentRecord>("intents", journal),
    paymentMethods: createTable<PaymentMethodRecord>("payment_methods", journal),
    refunds: createTable<RefundRecord>("refunds", journal),
    sessions: createTable<SessionRecord>("sessions", journal),
  };
  return {
    ...tables,
    /** Says that a delivery of the event began or, with -1, was settled. */
    countUnsettled: (event: string, change: 1 | -1): void => {
      const count = (unsettled.get(event) ?? 0) + change;
      if (count > 0) unsettled.set(event, count);
      else unsettled.delete(event);
    },
    clear: (): void => {
      unsettled.clear();
      for (const table of Object.values(tables)) table.clear();
    },
  };
};
export type Store = ReturnType<typeof createStore>;
