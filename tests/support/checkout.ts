import { FunctionsHttpError } from "@supabase/supabase-js";
import { expect } from "vitest";
import { CheckoutAnswer, ProblemBody, TrackedOrder } from "../../types/index.ts";
import { type Actor, service } from "./actors.ts";
import { ok } from "./answers.ts";
import { moneyAtStripe, sessionOf } from "./stripe-control.ts";

const invoke = async ({ client }: Actor, name: string, body: object) => {
  const { data, error } = await client.functions.invoke(name, { body });
  if (error && !(error instanceof FunctionsHttpError)) throw error;
  return error ? { problem: ProblemBody.parse(await error.context.json()) } : { data };
};

/** `POST checkout`; throws when it is refused. */
export const checkout = async (actor: Actor, body: object): Promise<CheckoutAnswer> => {
  const { data, problem } = await invoke(actor, "checkout", body);
  if (problem) throw new Error(JSON.stringify(problem));
  return CheckoutAnswer.parse(data);
};

/** The problem that a function answers with; throws when it succeeds. */
export const problemOf = async (actor: Actor, name: string, body: object): Promise<ProblemBody> => {
  const { data, problem } = await invoke(actor, name, body);
  if (!problem) throw new Error(`Expected a problem, got ${JSON.stringify(data)}`);
  return problem;
};

export const refund = async (actor: Actor, body: object): Promise<unknown> => {
  const { data, problem } = await invoke(actor, "payments/refund", body);
  if (problem) throw new Error(JSON.stringify(problem));
  return data;
};

export const track = async (orderId: string): Promise<TrackedOrder> =>
  TrackedOrder.parse(await ok(service().client.rpc("track_order", { order_id: orderId })));

/** Resolves once the order's state and payment state are these. */
export const becomes = async (orderId: string, status: string, paymentStatus: string) => {
  await expect
    .poll(
      async () => {
        const { order } = await track(orderId);
        return [order.status, order.payment_status];
      },
      { timeout: 15_000, interval: 50 },
    )
    .toEqual([status, paymentStatus]);
  return track(orderId);
};

/** How the order's payments are called at Stripe, oldest first. */
export const paymentsOf = (orderId: string) =>
  ok(
    service()
      .client.from("payments")
      .select("id, attempt, status, provider_payment_id, provider_session_id")
      .eq("order_id", orderId)
      .order("attempt"),
  );

/** The session that is open at Stripe for the order. */
export const openSession = async (orderId: string): Promise<string> =>
  (await paymentsOf(orderId)).at(-1)?.provider_session_id ?? "";

/** What Stripe has taken and given back for an order, whatever our books say. */
export const takenFor = async (orderId: string) => {
  const intents = new Set<string>();
  for (const payment of await paymentsOf(orderId)) {
    if (payment.provider_payment_id) intents.add(payment.provider_payment_id);
    if (!payment.provider_session_id) continue;
    const { payment_intent } = await sessionOf(payment.provider_session_id);
    if (payment_intent) intents.add(payment_intent);
  }
  return moneyAtStripe([...intents]);
};
