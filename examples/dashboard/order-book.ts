import type { OrderStatus, PaymentStatus } from "../../types/index.ts";

/** What the dashboard keeps of an order. */
export interface OrderRow {
  id: string;
  number: string;
  status: OrderStatus;
  payment_status: PaymentStatus;
  currency: string;
  /** Minor units. */
  total: number;
  item_count: number;
  /** Unknown until the order was read; events do not carry it. */
  email: string | null;
  placed_at: string;
  version: number;
}

export interface Minutes {
  /** Starts of minutes, in seconds since 1970, oldest first; the last one is still running. */
  times: number[];
  orders: number[];
  /** Minor units. */
  revenue: number[];
}

interface Entry {
  row: OrderRow;
  placedAt: number;
}

const minute = 60_000;

/** Orders that are paid for or will be on delivery; what is unpaid or undone earns nothing. */
const earns = ({ status }: OrderRow): boolean =>
  status !== "pending" && status !== "cancelled" && status !== "returned";

/**
 * The orders of the last hour and the sums drawn from them. Built for a stream: taking an order in
 * costs the same however many there are, and what is too old is let go.
 */
export const createOrderBook = ({ keepRows = 100, keepMinutes = 60 } = {}) => {
  const entries = new Map<string, Entry>();
  const buckets = new Map<number, { orders: number; revenue: number }>();
  /** Latest first; at most `keepRows`. */
  const latest: Entry[] = [];

  const count = ({ row, placedAt }: Entry, sign: 1 | -1) => {
    const key = Math.floor(placedAt / minute);
    const bucket = buckets.get(key) ?? { orders: 0, revenue: 0 };
    bucket.orders += sign;
    if (earns(row)) bucket.revenue += sign * row.total;
    buckets.set(key, bucket);
  };

  const place = (entry: Entry) => {
    let index = latest.findIndex(({ placedAt }) => placedAt <= entry.placedAt);
    if (index === -1) index = latest.length;
    if (index >= keepRows) return;
    latest.splice(index, 0, entry);
    latest.length = Math.min(latest.length, keepRows);
  };

  /** Takes an order as it was read or heard of; whatever is older than what is known is left out. */
  const take = (row: OrderRow): void => {
    const known = entries.get(row.id);
    if (known) {
      if (row.version < known.row.version) return;
      count(known, -1);
      known.row = { ...row, email: row.email ?? known.row.email };
      count(known, 1);
      return;
    }
    const entry = { row, placedAt: Date.parse(row.placed_at) };
    entries.set(row.id, entry);
    count(entry, 1);
    place(entry);
  };

  /** Lets go of what is neither in the hour nor in the list. */
  const prune = (now: number): void => {
    const oldest = Math.floor(now / minute) - keepMinutes;
    for (const key of buckets.keys()) if (key < oldest) buckets.delete(key);
    const shown = new Set(latest);
    for (const [id, entry] of entries) {
      if (entry.placedAt < oldest * minute && !shown.has(entry)) entries.delete(id);
    }
  };

  const minutes = (now: number): Minutes => {
    const last = Math.floor(now / minute);
    const keys = Array.from({ length: keepMinutes }, (_, index) => last - keepMinutes + 1 + index);
    return {
      times: keys.map((key) => key * 60),
      orders: keys.map((key) => buckets.get(key)?.orders ?? 0),
      revenue: keys.map((key) => buckets.get(key)?.revenue ?? 0),
    };
  };

  return {
    take,
    prune,
    minutes,
    rows: (): OrderRow[] => latest.map(({ row }) => row),
    get: (id: string): OrderRow | undefined => entries.get(id)?.row,
  };
};

export type OrderBook = ReturnType<typeof createOrderBook>;
