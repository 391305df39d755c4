import type { SupabaseClient } from "@supabase/supabase-js";
import type { OrderEventPayload } from "../../types/index.ts";
import { batched } from "../shared/batch.ts";
import { dataOf } from "../shared/failure.ts";
import { type LiveState, listen } from "../shared/live.ts";
import type { OrderBook, OrderRow } from "./order-book.ts";

export interface OrderFeedOptions {
  client: SupabaseClient;
  book: OrderBook;
  /** The book has changed. */
  changed(): void;
  /** An order was created or has moved; also called for orders that are not in the book. */
  moved(orderId: string): void;
  onState(state: LiveState): void;
  failed(error: unknown): void;
}

const columns = "id,number,status,payment_status,currency,total,item_count,email,placed_at,version";

const pageSize = 1000;
/** Pages of history read at the start: enough for the charts of a busy hour, not for a day. */
const mostPages = 5;
const hour = 3_600_000;
/** Ids in one request; an address longer than this would not get through everywhere. */
const chunkSize = 100;

/**
 * Keeps the book in step with the shop. An event is shown at once from what it carries, then the
 * orders of the last moments are read in one request: the read is the truth. After every join, the
 * first and those after a lost connection, the last hour is read again.
 */
export const followOrders = (options: OrderFeedOptions): (() => void) => {
  const { client, book, changed, moved, onState, failed } = options;
  const wanted = new Set<string>();

  const take = (rows: readonly OrderRow[]) => {
    for (const row of rows) book.take(row);
    changed();
  };

  const readHistory = async (): Promise<void> => {
    const since = Date.now() - hour;
    let before: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      let request = client.from("orders").select(columns);
      if (before) request = request.lt("placed_at", before);
      const rows = await dataOf(
        request
          .order("placed_at", { ascending: false })
          .limit(page === 0 ? 200 : pageSize)
          .overrideTypes<OrderRow[], { merge: false }>(),
      );
      take(rows);
      before = rows.at(-1)?.placed_at;
      const isWhole = rows.length < (page === 0 ? 200 : pageSize);
      if (isWhole || !before || Date.parse(before) < since) return;
    }
  };

  const readWanted = async (): Promise<void> => {
    const ids = [...wanted].slice(0, chunkSize);
    for (const id of ids) wanted.delete(id);
    if (ids.length === 0) return;
    const request = client.from("orders").select(columns).in("id", ids);
    take(await dataOf(request.overrideTypes<OrderRow[], { merge: false }>()));
    if (wanted.size > 0) read();
  };

  // A read that fails is made up for at the next join; what was heard stays on the screen.
  const read = batched(() => readWanted().catch(failed), 400);
  const resync = batched(() => readHistory().catch(failed), 50);

  const hear = (payload: unknown) => {
    if (!isOrderEvent(payload)) return;
    if (payload.currency && payload.total !== undefined && payload.created_at) {
      const { order_id: id, number, status, payment_status, currency, total, version } = payload;
      const item_count = payload.item_count ?? 0;
      const placed_at = payload.created_at;
      take([
        {
          id,
          number,
          status,
          payment_status,
          currency,
          total,
          item_count,
          email: null,
          placed_at,
          version,
        },
      ]);
    }
    wanted.add(payload.order_id);
    read();
    moved(payload.order_id);
  };

  return listen(client, {
    topic: "admin:orders",
    events: { "order.created": hear, "order.status": hear, "payment.status": hear },
    onJoin: resync,
    onState,
  });
};

/** Only the database speaks in this topic, so the name of the order tells it from anything else. */
const isOrderEvent = (payload: unknown): payload is OrderEventPayload =>
  typeof payload === "object" && payload !== null && "order_id" in payload && "version" in payload;
