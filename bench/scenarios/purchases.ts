import { randomInt, randomUUID } from "node:crypto";
import type { Bench } from "../support/bench.ts";
import { fillBoth, sellableVariants } from "../support/catalogue.ts";
import { type Guest, orderInput, signInGuests } from "../support/guests.ts";
import { type HttpClient, httpClient } from "../support/http.ts";
import { load, round } from "../support/load.ts";
import type { Run } from "../support/raw.ts";

const shoppers = 10;

const rpc = async (client: HttpClient, guest: Guest, name: string, body: unknown) => {
  const answer = await client.send({
    method: "POST",
    path: `/rest/v1/rpc/${name}`,
    headers: guest.headers,
    body,
  });
  if (answer.status !== 200)
    throw new Error(`${name}: ${answer.status} ${answer.body.slice(0, 300)}`);
};

/** Lines of an order; the variants lie apart, so that none is named twice. */
const some = (variants: readonly string[], count: number) => {
  const start = randomInt(variants.length);
  return Array.from({ length: count }, (_, at) => ({
    variant_id: variants[(start + at * 7) % variants.length] ?? "",
    quantity: 1 + (at % 2),
  }));
};

/** W4: guests who come back put two products into the cart and pay on delivery. */
export const purchases = async (bench: Bench): Promise<void> => {
  await fillBoth(bench, 1000);
  const variants = await sellableVariants(bench.sql, 900);
  const rawVariants = await sellableVariants(bench.raw.sql, 900);
  const anyVariant = () => variants[randomInt(variants.length)] ?? "";
  const seconds = bench.seconds * 2;

  const client = httpClient(bench.stack.status.API_URL, shoppers);
  const guests = await signInGuests(client, bench.stack.status.PUBLISHABLE_KEY, shoppers);
  const guestOf = (worker: number): Guest => {
    const guest = guests[worker];
    if (!guest) throw new Error("too few guests");
    return guest;
  };
  const purchase = async (worker: number) => {
    const guest = guestOf(worker);
    await rpc(client, guest, "add_to_cart", { variant_id: anyVariant(), quantity: 1 });
    await rpc(client, guest, "add_to_cart", { variant_id: anyVariant(), quantity: 2 });
    await rpc(client, guest, "place_order", { input: orderInput(randomUUID()) });
  };
  const place = (worker: number) =>
    rpc(client, guestOf(worker), "place_order", {
      input: orderInput(randomUUID(), some(variants, 2)),
    });

  await load({ workers: shoppers, count: 50 }, purchase);
  const whole = await load({ workers: shoppers, seconds }, purchase);
  const residentMb = bench.stack.residentMb();
  const placed = await load({ workers: shoppers, seconds: bench.seconds }, place);

  const placeRaw = (lines: number) => async (run: Run) => {
    const input = orderInput(randomUUID(), some(rawVariants, lines));
    await run("select public.place_order($1::text::jsonb)", [JSON.stringify(input)]);
  };
  const limits = { seconds: bench.seconds };
  const rawTwo = await bench.raw.load("authenticated", shoppers, limits, placeRaw(2));
  const rawThree = await bench.raw.load("authenticated", shoppers, limits, placeRaw(3));
  client.close();

  const { how } = bench.raw;
  bench.report({
    id: "W4",
    what: "purchases: 2 × add_to_cart, place_order",
    value: whole.perSecond,
    unit: "orders/s",
    budget: "3 requests an order, no errors",
    passed: whole.errors === 0 && whole.done > 0,
    detail: { requestsPerOrder: 3, http: whole, residentMb },
  });
  bench.report({
    id: "W4",
    what: "place_order with 2 lines over HTTP",
    value: placed.perSecond,
    unit: "orders/s",
    budget: "no errors",
    passed: placed.errors === 0 && placed.done > 0,
    detail: { http: placed },
  });
  bench.report({
    id: "W4",
    what: "place_order with 2 lines, raw SQL",
    value: rawTwo.perSecond,
    unit: "orders/s",
    detail: { raw: rawTwo, how },
  });
  const share = round((placed.perSecond * 100) / Math.max(rawTwo.perSecond, 0.1), 0);
  bench.report({
    id: "W4",
    what: "place_order: HTTP as a share of raw",
    value: share,
    unit: "%",
    budget: "≥ 50",
    passed: share >= 50,
  });
  bench.report({
    id: "W4",
    what: "place_order with 3 lines, raw SQL",
    value: rawThree.perSecond,
    unit: "orders/s",
    ...(bench.on === "postgres" ? { budget: "≥ 500", passed: rawThree.perSecond >= 500 } : {}),
    detail: { raw: rawThree, how },
  });
};
