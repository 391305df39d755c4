import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Bench } from "../support/bench.ts";
import { addProduct } from "../support/catalogue.ts";
import { orderInput, signInGuests } from "../support/guests.ts";
import { httpClient } from "../support/http.ts";
import { type LoadResult, load } from "../support/load.ts";
import type { Sql } from "../support/sql.ts";

const buyers = 200;
const pieces = 100;
const connections = 50;

const Problem = z.object({ message: z.string() }).catch({ message: "not JSON" });

/** W5: 200 guests want one of 100 pieces at the same moment. */
export const hotItem = async (bench: Bench): Promise<void> => {
  const { variantId } = await addProduct(bench.sql, pieces);
  const client = httpClient(bench.stack.status.API_URL, connections);
  const guests = await signInGuests(client, bench.stack.status.PUBLISHABLE_KEY, buyers);
  const answers = new Map<string, number>();
  const items = [{ variant_id: variantId, quantity: 1 }];

  const result = await load({ workers: buyers, count: buyers }, async (_, number) => {
    const answer = await client.send({
      method: "POST",
      path: "/rest/v1/rpc/place_order",
      headers: guests[number]?.headers ?? {},
      body: { input: orderInput(randomUUID(), items) },
    });
    const code = answer.status === 200 ? "placed" : Problem.parse(JSON.parse(answer.body)).message;
    const key = answer.status === 200 ? code : `${answer.status} ${code}`;
    answers.set(key, (answers.get(key) ?? 0) + 1);
  });
  client.close();

  const [books] = await bench.sql<{ orders: number; sold: number; left: number }[]>`
    select
      count(distinct i.order_id)::int as orders,
      coalesce(sum(i.quantity), 0)::int as sold,
      (select k.available from public.variant_stock k where k.variant_id = ${variantId}) as left
    from public.order_items i where i.variant_id = ${variantId}`;
  const counts = Object.fromEntries(answers);
  const isExact =
    counts.placed === pieces &&
    counts["409 out_of_stock"] === buyers - pieces &&
    books?.orders === pieces &&
    books.sold === pieces &&
    books.left === 0;
  bench.report({
    id: "W5",
    what: `${buyers} buyers, ${pieces} pieces, ${connections} connections: orders`,
    value: books?.orders ?? 0,
    unit: "orders",
    budget: "exactly 100, and 100 clear refusals",
    passed: isExact,
    detail: { answers: counts, books, http: result },
  });
  bench.report({
    id: "W5",
    what: "… answered in",
    value: result.seconds,
    unit: "s",
    budget: "≤ 2",
    passed: result.seconds <= 2,
  });
  await rawReservations(bench);
};

/** How often one row of stock can be sold: every order waits for the one before. */
const rawReservations = async (bench: Bench): Promise<void> => {
  const { variantId } = await addProduct(bench.raw.sql, 100_000_000);
  const { how } = bench.raw;
  const report = (what: string, unit: string, raw: LoadResult, budget?: number) =>
    bench.report({
      id: "W5",
      what: `one hot item, ${what}, raw SQL`,
      value: raw.perSecond,
      unit,
      ...(budget && {
        budget: `≥ ${budget}`,
        passed: raw.perSecond >= budget && raw.errors === 0,
      }),
      detail: { raw, how, connections },
    });

  const orders = await bareOrders(bench.raw.sql, bench.seconds * 1000);
  let taken = 0;
  const limits = { seconds: bench.seconds, count: orders.length - connections };
  const reservations = await bench.raw.load("postgres", connections, limits, async (run) => {
    const reserve = "select private.reserve_stock($1::text::uuid, array[$2::text::uuid], array[1])";
    await run(reserve, [orders[taken++] ?? "", variantId]);
  });
  const budget = bench.on === "postgres" ? 500 : undefined;
  report("reserve_stock alone", "reservations/s", reservations, budget);

  const items = [{ variant_id: variantId, quantity: 1 }];
  const placed = await bench.raw.load(
    "authenticated",
    connections,
    { seconds: bench.seconds },
    async (run) => {
      await run("select public.place_order($1::text::jsonb)", [
        JSON.stringify(orderInput(randomUUID(), items)),
      ]);
    },
  );
  report("whole orders", "orders/s", placed);
};

/** Orders for reservations to belong to; what they say does not matter. */
const bareOrders = async (sql: Sql, count: number): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    insert into public.orders (
      email, status, payment_provider, currency, subtotal, total, prices_include_tax, item_count,
      shipping_address, billing_address, shipping_method, shipping_method_name, shipping_days_min,
      shipping_days_max
    )
    select 'bench@example.com', 'confirmed', 'cod', 'GBP', 0, 0, true, 1, '{}', '{}', 'standard',
      'Standard', 1, 2
    from generate_series(1, ${count}::int)
    returning id`;
  return rows.map(({ id }) => id);
};
