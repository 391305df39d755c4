import type { PlaceOrderInput } from "../../types/index.ts";
import { ApiFailure } from "../support/project.ts";
import { addressIn, type CountryBook, hashOf } from "./addresses.ts";
import type { SourceOrder } from "./order-lines.ts";
import { cards, type PayByCard, sessionIn } from "./sandbox.ts";
import type { Shopper } from "./shop.ts";

export type PayMode = "card" | "cod" | "mix";
export type CartMode = "lines" | "items" | "mix";

export interface BuyPorts {
  /** Ids of variants by sku, remembered between orders. */
  variants: Map<string, string>;
  countries: CountryBook;
  payByCard: PayByCard;
}

export interface BuyOptions {
  /** Name of the replay; part of every order's key and note. */
  run: string;
  pay: PayMode;
  cart: CartMode;
}

export interface Bought {
  orderId: string;
  provider: "stripe" | "cod";
  /** Requests to the shop, the payment page not counted. */
  requests: number;
  /** Milliseconds of the request that placed the order. */
  placeMs: number;
  /** Cards that were declined before one was taken. */
  declined: number;
}

/** Why an order of the file was not placed, without a request having failed. */
export class Unplaceable extends Error {
  override name = "Unplaceable";
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** At most this many products go into the cart one by one; a wholesaler hands in a list. */
const handPicked = 5;
const rememberedVariants = 100_000;

/** Begins the notes of a replay's orders. */
export const notePrefix = (run: string) => `Replay ${run}, order `;

/** Buys one order of the file: cart or list, address, checkout, payment. */
export const buy = async (
  shopper: Shopper,
  order: SourceOrder,
  options: BuyOptions,
  ports: BuyPorts,
): Promise<Bought> => {
  if (order.problem !== undefined) throw new Unplaceable("bad_line", order.problem);
  const country = ports.countries.find(order.country);
  if (!country) throw new Unplaceable("unknown_country", `"${order.country}" is no country.`);

  let requests = await learnVariants(shopper, order, ports.variants);
  const items = [...order.items].map(([sku, quantity]) => {
    const variant_id = ports.variants.get(sku);
    if (variant_id === undefined) throw new Unplaceable("unknown_sku", `There is no ${sku}.`);
    return { variant_id, quantity };
  });

  const person = order.customer ?? `guest-${order.id}`;
  const number = hashOf(`${order.id}/${options.run}`);
  const provider =
    options.pay === "cod" || (options.pay === "mix" && number % 3 === 0) ? "cod" : "stripe";
  const usesCart =
    options.cart === "lines" || (options.cart === "mix" && items.length <= handPicked);
  const input: PlaceOrderInput = {
    idempotency_key: `replay:${options.run}:${order.id}`,
    email: `${person.toLowerCase().replace(/[^a-z0-9.-]+/g, "-")}@replay.example`,
    shipping_address: addressIn(country, person),
    payment: { provider },
    note: notePrefix(options.run) + order.id,
    ...(usesCart ? {} : { items }),
  };

  if (shopper.cartIsUncertain) {
    await shopper.clearCart();
    shopper.cartIsUncertain = false;
    requests += 1;
  }
  if (usesCart) {
    shopper.cartIsUncertain = true;
    for (const { variant_id, quantity } of items) await shopper.addToCart(variant_id, quantity);
    requests += items.length;
  }
  const began = performance.now();
  if (provider === "cod") {
    const { order: placed } = await shopper.placeOrder(input);
    shopper.cartIsUncertain = false;
    const placeMs = performance.now() - began;
    return { orderId: placed.id, provider, requests: requests + 1, placeMs, declined: 0 };
  }
  const { order: placed, payment } = await shopper.checkout(input);
  shopper.cartIsUncertain = false;
  const placeMs = performance.now() - began;
  const declined = await payPage(sessionIn(payment.redirect_url), number, ports.payByCard);
  return { orderId: placed.id, provider, requests: requests + 1, placeMs, declined };
};

const learnVariants = async (
  shopper: Shopper,
  order: SourceOrder,
  variants: Map<string, string>,
): Promise<number> => {
  const unknown = [...order.items.keys()].filter((sku) => !variants.has(sku));
  if (unknown.length === 0) return 0;
  if (variants.size > rememberedVariants) variants.clear();
  const wanted = [...order.items.keys()].filter((sku) => !variants.has(sku));
  for (const [sku, id] of await shopper.findVariants(wanted)) variants.set(sku, id);
  return 1;
};

/** One shopper in twenty has a card that asks for 3-D Secure, one in twenty a first card declined. */
const payPage = async (session: string, number: number, pay: PayByCard): Promise<number> => {
  const kind = Math.floor(number / 3) % 20;
  if (kind === 0) {
    await pay(session, cards.challenged);
    return 0;
  }
  if (kind !== 1) {
    await pay(session, cards.accepted);
    return 0;
  }
  const refusal = await pay(session, cards.declined).catch((error: unknown) => error);
  const isDeclined = refusal instanceof ApiFailure && refusal.status === 402;
  if (!isDeclined) throw refusal ?? new ApiFailure(500, "not_declined", "A bad card was taken.");
  await pay(session, cards.accepted);
  return 1;
};
