import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Bench } from "../support/bench.ts";
import { addProduct } from "../support/catalogue.ts";
import { orderInput, signInGuests } from "../support/guests.ts";
import { httpClient } from "../support/http.ts";
import { load } from "../support/load.ts";

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
  const items = [{ variant_id: variantId, quantity: 1 }];
  const limits = { seconds: bench.seconds };
  const result = await bench.raw.load("authenticated", connections, limits, async (run) => {
    await run("select public.place_order($1::text::jsonb)", [
      JSON.stringify(orderInput(randomUUID(), items)),
    ]);
  });
  bench.report({
    id: "W5",
    what: "one hot item, whole orders, raw SQL",
    value: result.perSecond,
    unit: "orders/s",
    ...(bench.on === "postgres"
      ? { budget: "≥ 500", passed: result.perSecond >= 500 && result.errors === 0 }
      : {}),
    detail: { raw: result, how: bench.raw.how, connections },
  });
};
