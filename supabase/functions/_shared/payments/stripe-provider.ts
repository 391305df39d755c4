import Stripe from "stripe";
import { z } from "zod";
import type { PaymentAttempt, PaymentReference, RefundDetails } from "../contracts/index.ts";
import { Problem } from "../problems.ts";
import type { OpenOptions, Provider, ProviderPayment, ProviderRefund } from "./provider.ts";
import { toStripeAmount } from "./stripe-amounts.ts";
import { hostedLines } from "./stripe-lines.ts";
import {
  intentEvent,
  refundState,
  StripeIntent,
  StripeRefund,
  StripeSession,
  sessionEvent,
} from "./stripe-objects.ts";

export const stripeProvider = (stripe: Stripe): Provider => ({
  open: (attempt, options) =>
    asked(() =>
      options.mode === "hosted"
        ? openSession(stripe, attempt, options)
        : openIntent(stripe, attempt),
    ),
  read: (reference) => asked(() => read(stripe, reference)),
  close: (reference) => asked(() => close(stripe, reference)),
  refund: (refund) => asked(() => makeRefund(stripe, refund)),
});

/**
 * One key an attempt, whatever the options: an attempt can never become two payments at Stripe.
 * Everything sent with it is a function of the attempt, so a repetition is the same request.
 */
const openKey = (attempt: PaymentAttempt) => `payment:${attempt.payment_id}`;

const metadata = (attempt: PaymentAttempt) => ({
  payment_id: attempt.payment_id,
  order_id: attempt.order_id,
  order_number: attempt.order_number,
});

/** Stripe's shortest and longest life of a session in seconds, with a minute's reserve. */
const shortestSession = 31 * 60;
const longestSession = 24 * 3600 - 60;

/** When the session ends by itself, in Unix seconds: after the order, which cannot wait for it. */
const sessionEnd = ({ expires_at, created_at }: PaymentAttempt): number | undefined =>
  expires_at === null
    ? undefined
    : Math.min(seconds(expires_at) + shortestSession, seconds(created_at) + longestSession);

const seconds = (instant: string) => Math.floor(Date.parse(instant) / 1000);

const openSession = async (
  stripe: Stripe,
  attempt: PaymentAttempt,
  { successUrl, cancelUrl }: OpenOptions,
): Promise<ProviderPayment> => {
  const end = sessionEnd(attempt);
  const session = await stripe.checkout.sessions.create(
    {
      mode: "payment",
      line_items: hostedLines(attempt),
      success_url: successUrl,
      cancel_url: cancelUrl,
      client_reference_id: attempt.order_id,
      metadata: metadata(attempt),
      payment_intent_data: {
        description: `Order ${attempt.order_number}`,
        metadata: metadata(attempt),
      },
      adaptive_pricing: { enabled: false },
      ...(z.email().safeParse(attempt.email).success ? { customer_email: attempt.email } : {}),
      // A job expires the session with the order; this is the net below it, in case no job runs.
      ...(end ? { expires_at: end } : {}),
    },
    { idempotencyKey: openKey(attempt) },
  );
  return fromSession(session);
};

const openIntent = async (stripe: Stripe, attempt: PaymentAttempt): Promise<ProviderPayment> => {
  const intent = await stripe.paymentIntents.create(
    {
      amount: toStripeAmount(attempt.amount, attempt.currency),
      currency: attempt.currency.toLowerCase(),
      automatic_payment_methods: { enabled: true },
      description: `Order ${attempt.order_number}`,
      metadata: metadata(attempt),
    },
    { idempotencyKey: openKey(attempt) },
  );
  return fromIntent(intent);
};

const read = async (stripe: Stripe, reference: PaymentReference): Promise<ProviderPayment> => {
  if (reference.provider_session_id) {
    return fromSession(await stripe.checkout.sessions.retrieve(reference.provider_session_id));
  }
  return fromIntent(await stripe.paymentIntents.retrieve(paymentIntentOf(reference)));
};

const close = async (stripe: Stripe, reference: PaymentReference): Promise<ProviderPayment> => {
  const current = await read(stripe, reference);
  if (current.event.state !== "requires_action") return current;
  try {
    return reference.provider_session_id
      ? fromSession(await stripe.checkout.sessions.expire(reference.provider_session_id))
      : fromIntent(await stripe.paymentIntents.cancel(paymentIntentOf(reference)));
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
    // The shopper was quicker: it was paid, or has expired, since it was read.
    const settled = await read(stripe, reference);
    if (settled.event.state === "requires_action") throw error;
    return settled;
  }
};

const paymentIntentOf = (reference: PaymentReference): string => {
  if (reference.provider_payment_id) return reference.provider_payment_id;
  throw new Problem("internal", {}, { cause: "The payment is not known at Stripe." });
};

const fromSession = (object: unknown): ProviderPayment => {
  const session = StripeSession.parse(object);
  return {
    mode: "hosted",
    event: sessionEvent(session),
    provider_payment_id: session.payment_intent ?? null,
    provider_session_id: session.id,
    redirect_url: session.url ?? null,
    client_secret: null,
  };
};

const fromIntent = (object: unknown): ProviderPayment => {
  const intent = StripeIntent.parse(object);
  return {
    mode: "intent",
    event: intentEvent(intent),
    provider_payment_id: intent.id,
    provider_session_id: null,
    redirect_url: null,
    client_secret: intent.client_secret ?? null,
  };
};

const makeRefund = async (stripe: Stripe, refund: RefundDetails): Promise<ProviderRefund> => {
  if (refund.provider_refund_id) {
    return fromRefund(await stripe.refunds.retrieve(refund.provider_refund_id));
  }
  const intent =
    refund.provider_payment_id ?? (await read(stripe, refund)).provider_payment_id ?? "";
  try {
    return fromRefund(
      await stripe.refunds.create(
        {
          payment_intent: intent,
          amount: toStripeAmount(refund.amount, refund.currency),
          metadata: {
            refund_id: refund.refund_id,
            payment_id: refund.payment_id,
            order_id: refund.order_id,
          },
        },
        { idempotencyKey: `refund:${refund.refund_id}` },
      ),
    );
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
    // Stripe forgets idempotency keys after a day: this very refund may have been made before that.
    const made = await madeBefore(stripe, intent, refund.refund_id);
    return made ?? { provider_refund_id: null, state: "failed", failure_message: error.message };
  }
};

const madeBefore = async (
  stripe: Stripe,
  intent: string,
  refundId: string,
): Promise<ProviderRefund | undefined> => {
  const { data } = await stripe.refunds.list({ payment_intent: intent, limit: 100 });
  const made = data.find((candidate) => candidate.metadata?.refund_id === refundId);
  return made && fromRefund(made);
};

const fromRefund = (object: unknown): ProviderRefund => {
  const refund = StripeRefund.parse(object);
  return {
    provider_refund_id: refund.id,
    state: refundState(refund.status),
    failure_message: refund.failure_reason ?? null,
  };
};

const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    throw stripeProblem(error);
  }
};

/** Tells outages, which pass, from refusals, which do not. */
const stripeProblem = (error: unknown): unknown => {
  const { errors } = Stripe;
  if (!(error instanceof errors.StripeError)) return error;
  if (
    error instanceof errors.StripeConnectionError ||
    error instanceof errors.StripeAPIError ||
    error instanceof errors.StripeRateLimitError ||
    // The same request is being answered to somebody else at this moment.
    error.statusCode === 409
  ) {
    return new Problem("payment_provider_unavailable", { provider: "stripe" }, { cause: error });
  }
  if (error instanceof errors.StripeIdempotencyError) {
    return new Problem(
      "idempotency_key_reused",
      {},
      {
        hint: "This payment was begun with another mode or other return addresses; repeat those.",
        cause: error,
      },
    );
  }
  return new Problem("payment_provider_error", { provider: "stripe" }, { cause: error });
};
