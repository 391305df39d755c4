import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { dataOf, retrying } from "../support/project.ts";
import { notePrefix } from "./buy.ts";
import type { StoredOrder } from "./ledger.ts";

const Orders = z.array(
  z.object({
    id: z.string(),
    note: z.string(),
    status: z.string(),
    payment_status: z.string(),
    payment_provider: z.string(),
    item_count: z.int(),
    order_items: z.array(z.object({ quantity: z.int() })),
  }),
);

const pageSize = 250;

/** All orders that carry the run's note, in pages, read with the secret key. */
export async function* storedOrders(
  client: SupabaseClient,
  run: string,
): AsyncGenerator<StoredOrder> {
  const prefix = notePrefix(run);
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    const rows = Orders.parse(
      await retrying(async () =>
        dataOf(
          await client
            .from("orders")
            .select(
              "id, note, status, payment_status, payment_provider, item_count, order_items(quantity)",
            )
            .like("note", `${prefix.replace(/[\\%_]/g, "\\$&")}%`)
            .gt("id", after)
            .order("id")
            .limit(pageSize),
        ),
      ),
    );
    for (const row of rows) {
      after = row.id;
      yield {
        id: row.id,
        sourceId: row.note.slice(prefix.length),
        provider: row.payment_provider,
        status: row.status,
        paymentStatus: row.payment_status,
        lines: row.order_items.length,
        pieces: row.order_items.reduce((sum, { quantity }) => sum + quantity, 0),
      };
    }
    if (rows.length < pageSize) return;
  }
}

/** Card orders of the run that the provider's webhook has not marked yet. */
export const countUnpaid = async (client: SupabaseClient, run: string): Promise<number> => {
  const { count, error } = await client
    .from("orders")
    .select("id", { count: "exact", head: true })
    .like("note", `${notePrefix(run).replace(/[\\%_]/g, "\\$&")}%`)
    .eq("payment_provider", "stripe")
    .eq("status", "pending")
    .eq("payment_status", "pending");
  if (error) throw error;
  return count ?? 0;
};

const Invariants = z.array(z.object({ name: z.string(), broken: z.int() }));

/** The shop's rules about stock, money and orders, with how often each is broken. */
export const checkInvariants = async (client: SupabaseClient) =>
  Invariants.parse(await retrying(async () => dataOf(await client.rpc("check_invariants"))));

const Payments = z.array(z.object({ provider_session_id: z.string() }));

/** Payment pages of orders that a replay had placed, but not paid, when it was interrupted. */
export const openSessions = async (
  client: SupabaseClient,
  orderIds: readonly string[],
): Promise<string[]> => {
  const sessions: string[] = [];
  for (let from = 0; from < orderIds.length; from += 100) {
    const rows = dataOf(
      await client
        .from("payments")
        .select("provider_session_id")
        .in("order_id", orderIds.slice(from, from + 100))
        .in("status", ["created", "requires_action", "processing"])
        .not("provider_session_id", "is", null),
    );
    for (const { provider_session_id } of Payments.parse(rows)) sessions.push(provider_session_id);
  }
  return sessions;
};
