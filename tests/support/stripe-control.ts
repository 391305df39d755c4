import { inject } from "vitest";
import { z } from "zod";

/** Test cards as Stripe documents them. */
export const cards = {
  visa: "4242424242424242",
  declined: "4000000000000002",
  insufficientFunds: "4000000000009995",
  authenticationRequired: "4000002760003184",
} as const;

const address = () => {
  const { sandboxUrl } = inject("project");
  if (!sandboxUrl) throw new Error("These tests need the Stripe sandbox; set SANDBOX_URL.");
  return sandboxUrl;
};

const control = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${address()}/_sandbox${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  return answer.json();
};

const Outcome = z.object({
  status: z.string().optional(),
  payment_status: z.string().optional(),
  payment_intent: z.string().nullish(),
  challenge_url: z.string().nullish(),
  redirect_url: z.string().nullish(),
  error: z.object({ code: z.string().optional(), decline_code: z.string().optional() }).optional(),
});

interface Fault {
  outage: "none" | "unavailable" | "rate_limited" | "reset" | "lost_reply";
  count?: number;
  match?: string;
}

/** What a shopper does on Stripe's page, and what can be arranged to go wrong there. */
export const stripe = {
  /** Pays the hosted page with a card; a refusal is in `error`. */
  pay: async (
    session: string,
    card: string = cards.visa,
    challenge: "complete" | "fail" | "leave" = "complete",
  ) => Outcome.parse(await control("POST", `/sessions/${session}/pay`, { card, challenge })),
  answerChallenge: (intent: string, outcome: "complete" | "fail") =>
    control("POST", `/payment_intents/${intent}/challenge`, { outcome }),
  fail: (fault: Fault) => control("POST", "/faults", fault),
  recover: () => control("DELETE", "/faults"),
  webhooks: (mode: "normal" | "duplicate" | "held" | "reversed", batch = 2) =>
    control("POST", "/webhooks", { mode, batch }),
  /** Delivers what was held back. */
  release: (order: "oldest_first" | "newest_first") =>
    control("POST", "/webhooks/flush", { order }),
};

const Charges = z.object({
  data: z.array(
    z.object({
      paid: z.boolean(),
      amount: z.int(),
      amount_refunded: z.int(),
      refunded: z.boolean(),
    }),
  ),
});
const Session = z.object({ status: z.string(), payment_intent: z.string().nullable() });

/** Stripe's own API, asked as its dashboard would. */
const ask = async (path: string, form?: Record<string, string>): Promise<unknown> => {
  const answer = await fetch(`${address()}/v1${path}`, {
    headers: { authorization: "Bearer sk_test_sandbox" },
    ...(form && { method: "POST", body: new URLSearchParams(form) }),
  });
  return answer.json();
};

export const sessionOf = async (id: string) => Session.parse(await ask(`/checkout/sessions/${id}`));

/** Confirms an intent as an app with Stripe's own fields does. */
export const confirmIntent = (id: string, payment_method = "pm_card_visa") =>
  ask(`/payment_intents/${id}/confirm`, { payment_method, return_url: "http://127.0.0.1/back" });

/** What Stripe has taken and given back for these payments, in minor units. */
export const moneyAtStripe = async (intents: readonly string[]) => {
  const lists = await Promise.all(
    intents.map(async (intent) => Charges.parse(await ask(`/charges?payment_intent=${intent}`))),
  );
  const paid = lists.flatMap(({ data }) => data).filter((charge) => charge.paid);
  const sum = (of: "amount" | "amount_refunded") =>
    paid.reduce((total, charge) => total + charge[of], 0);
  return { charges: paid.length, taken: sum("amount"), refunded: sum("amount_refunded") };
};
