import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Bench } from "../support/bench.ts";
import { addProduct, fillCatalogue, sellableVariants } from "../support/catalogue.ts";
import { type Channel, joinChannel } from "../support/channels.ts";
import { type Guest, orderInput, signInGuests } from "../support/guests.ts";
import { type HttpClient, httpClient } from "../support/http.ts";
import { load, round, spreadOf } from "../support/load.ts";

const tokenOf = (guest: Guest | undefined) =>
  (guest?.headers.authorization ?? "").replace("Bearer ", "");

const until = async (isDone: () => boolean, seconds: number): Promise<void> => {
  const end = performance.now() + seconds * 1000;
  while (!isDone() && performance.now() < end) await new Promise((r) => setTimeout(r, 20));
};

/** W7: one change to many, and many changes to many, over private channels with RLS. */
export const realtime = async (bench: Bench): Promise<void> => {
  const client = httpClient(bench.stack.status.API_URL, 20);
  try {
    await oneToMany(bench, client, bench.isQuick ? 200 : 1000);
    await manyToMany(bench, client, bench.isQuick ? 100 : 500, bench.isQuick ? 3 : 10);
  } finally {
    client.close();
  }
};

const oneToMany = async (bench: Bench, client: HttpClient, subscribers: number) => {
  const { API_URL, PUBLISHABLE_KEY, SECRET_KEY } = bench.stack.status;
  const { variantId, productId } = await addProduct(bench.sql, 1000);
  const guests = await signInGuests(client, PUBLISHABLE_KEY, 20);
  const heardMs: number[] = [];
  let sentAt = 0;
  const channels: Channel[] = [];
  const joins = await load({ workers: 50, count: subscribers }, async (_, number) => {
    const token = tokenOf(guests[number % guests.length]);
    channels.push(
      await joinChannel(
        API_URL,
        PUBLISHABLE_KEY,
        token,
        `product:${productId}`,
        (_topic, event) => {
          if (event === "stock.changed") heardMs.push(performance.now() - sentAt);
        },
      ),
    );
  });
  bench.report({
    id: "W7",
    what: `${subscribers} sockets join with an RLS check`,
    value: joins.seconds,
    unit: "s",
    budget: "all join",
    passed: joins.errors === 0,
    detail: { joins, joinMs: spreadOf(channels.map(({ joinMs }) => joinMs)) },
  });

  sentAt = performance.now();
  const answer = await client.send({
    method: "POST",
    path: "/rest/v1/rpc/adjust_stock",
    headers: { apikey: SECRET_KEY },
    body: { variant_id: variantId, quantity: -1, reason: "damaged" },
  });
  if (answer.status !== 200) throw new Error(`adjust_stock: ${answer.status} ${answer.body}`);
  await until(() => heardMs.length >= subscribers, 30);
  // Late doubles would come now.
  await new Promise((resolve) => setTimeout(resolve, 500));
  bench.report({
    id: "W7",
    what: `one stock change heard by ${subscribers}: p95`,
    value: spreadOf(heardMs).p95,
    unit: "ms",
    budget: "all delivered, once",
    passed: heardMs.length === subscribers,
    detail: {
      delivered: heardMs.length,
      ...spreadOf(heardMs),
      residentMb: bench.stack.residentMb(),
    },
  });
  for (const channel of channels) channel.close();
};

const Placed = z.object({ order: z.object({ id: z.string() }) });

/** Moves that an order on delivery makes, one after the other. */
const moves = ["processing", "shipped", "delivered"] as const;
const perSecond = 50;

const manyToMany = async (bench: Bench, client: HttpClient, count: number, seconds: number) => {
  const { API_URL, PUBLISHABLE_KEY, SECRET_KEY } = bench.stack.status;
  await fillCatalogue(bench.sql, 1000);
  const [variantId = ""] = await sellableVariants(bench.sql, 1);
  const guests = await signInGuests(client, PUBLISHABLE_KEY, count);
  const orders: { id: string; guest: Guest }[] = [];
  const placing = await load({ workers: 10, count }, async (_, number) => {
    const guest = guests[number];
    if (!guest) return;
    const answer = await client.send({
      method: "POST",
      path: "/rest/v1/rpc/place_order",
      headers: guest.headers,
      body: { input: orderInput(randomUUID(), [{ variant_id: variantId, quantity: 1 }]) },
    });
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.slice(0, 200)}`);
    orders.push({ id: Placed.parse(JSON.parse(answer.body)).order.id, guest });
  });
  if (placing.errors > 0) throw new Error(`Orders cannot be placed: ${placing.firstError}`);

  const sent = new Map<string, number>();
  const heard = new Map<string, string[]>();
  const heardMs: number[] = [];
  const channels: Channel[] = [];
  const joins = await load({ workers: 50, count }, async (_, number) => {
    const order = orders[number];
    if (!order) return;
    const { id, guest } = order;
    channels.push(
      await joinChannel(
        API_URL,
        PUBLISHABLE_KEY,
        tokenOf(guest),
        `order:${id}`,
        (_t, event, payload) => {
          if (event !== "order.status") return;
          const status = String(payload.status);
          heard.set(id, [...(heard.get(id) ?? []), status]);
          const at = sent.get(`${id} ${status}`);
          if (at !== undefined) heardMs.push(performance.now() - at);
        },
      ),
    );
  });

  const updates = perSecond * seconds;
  // Each order makes its moves in turn, as many orders as the number of updates needs.
  const moving = Math.ceil(updates / moves.length);
  const expected = new Map<string, string[]>();
  const began = performance.now();
  const failures: string[] = [];
  const underWay: Promise<void>[] = [];
  for (let number = 0; number < updates; number += 1) {
    const order = orders[number % moving];
    const status = moves[Math.floor(number / moving)];
    if (!order || !status) break;
    const wait = began + (number * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    expected.set(order.id, [...(expected.get(order.id) ?? []), status]);
    sent.set(`${order.id} ${status}`, performance.now());
    underWay.push(
      client
        .send({
          method: "POST",
          path: "/rest/v1/rpc/set_order_status",
          headers: { apikey: SECRET_KEY },
          body: { order_id: order.id, status },
        })
        .then(({ status: code, body }) => {
          if (code !== 200) failures.push(`${code} ${body.slice(0, 200)}`);
        }),
    );
  }
  await Promise.all(underWay);
  const took = (performance.now() - began) / 1000;
  await until(() => heardMs.length >= updates, 30);
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const channel of channels) channel.close();

  const isComplete = [...expected].every(
    ([id, statuses]) => statuses.join() === (heard.get(id) ?? []).join(),
  );
  bench.report({
    id: "W7",
    what: `${perSecond} updates/s to ${count} private channels, ${seconds} s: p95`,
    value: spreadOf(heardMs).p95,
    unit: "ms",
    budget: "all delivered, in order, at 50/s",
    passed:
      isComplete &&
      failures.length === 0 &&
      joins.errors === 0 &&
      heardMs.length === updates &&
      updates / took >= perSecond * 0.95,
    detail: {
      updates,
      sentPerSecond: round(updates / took, 1),
      delivered: heardMs.length,
      isInOrder: isComplete,
      failures: failures.slice(0, 3),
      ...spreadOf(heardMs),
      joins,
    },
  });
};
