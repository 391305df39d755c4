import type { Stripe } from "stripe";
import { cardNamed, type Decline } from "./cards.ts";
import { idOf, makeCharge, settleCharge } from "./charges.ts";
import { type ApiError, cardError, refused } from "./errors.ts";
import { attach, findPaymentMethod } from "./payment-methods.ts";
import { noteAccepted, noteFailed } from "./session-completion.ts";
import type { IntentRecord, PaymentMethodRecord } from "./store.ts";
import type { World } from "./world.ts";

// The life of a PaymentIntent once somebody tries to pay. Every function changes the record, keeps
// it and emits what the provider would; what the shopper did wrong comes back as an `ApiError`.

/** Seconds a bank debit is `processing`. */
const SETTLES_IN = 2;

const NOT_AUTHENTICATED: Decline = {
  code: "payment_intent_authentication_failure",
  message:
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
};
const AUTHENTICATION_REQUIRED: Decline = {
  code: "authentication_required",
  declineCode: "authentication_required",
  message: "Your card was declined. This transaction requires authentication.",
};

const keep = (world: World, record: IntentRecord, event: string): void => {
  world.store.intents.put(record);
  world.emit(`payment_intent.${event}`, record.object);
};

const fail = (
  world: World,
  record: IntentRecord,
  method: PaymentMethodRecord,
  decline: Decline,
  charge?: Stripe.Charge,
): ApiError => {
  const intent = record.object;
  const error = cardError({
    code: decline.code,
    message: decline.message,
    ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
    ...(charge === undefined ? {} : { charge: charge.id }),
    payment_method: method.object,
  });
  record.pendingMethod = null;
  intent.status = "requires_payment_method";
  intent.payment_method = null;
  intent.next_action = null;
  intent.last_payment_error = { ...error.body, type: "card_error" };
  if (charge) intent.latest_charge = charge.id;
  keep(world, record, "payment_failed");
  error.body.payment_intent = intent;
  return error;
};

const succeed = (
  world: World,
  record: IntentRecord,
  method: PaymentMethodRecord,
  charge: Stripe.Charge,
): void => {
  const intent = record.object;
  record.pendingMethod = null;
  intent.status = "succeeded";
  intent.amount_received = intent.amount;
  intent.latest_charge = charge.id;
  intent.next_action = null;
  intent.last_payment_error = null;
  const customer = idOf(intent.customer);
  if (intent.setup_future_usage && customer !== null) attach(world, method, customer);
  keep(world, record, "succeeded");
  noteAccepted(world, record, "paid");
};

const charge = (
  world: World,
  record: IntentRecord,
  method: PaymentMethodRecord,
  isAuthenticated: boolean,
): ApiError | undefined => {
  const { decline } = cardNamed(method.card);
  const made = makeCharge(world, record, method, decline ?? "succeeded", isAuthenticated);
  if (decline) return fail(world, record, method, decline, made);
  succeed(world, record, method, made);
  return undefined;
};

/** Ends a bank debit that is `processing`, now. */
export const settleDebit = (world: World, record: IntentRecord): void => {
  const { object: intent, pendingMethod } = record;
  const made = world.store.charges.get(idOf(intent.latest_charge) ?? "");
  if (intent.status !== "processing" || pendingMethod === null || !made) return;
  world.schedule.cancel(record.id);
  record.settlesAt = null;
  const method = findPaymentMethod(world, pendingMethod);
  const { decline } = cardNamed(method.card);
  settleCharge(world, made, decline ?? "succeeded");
  if (!decline) {
    succeed(world, record, method, made);
    return;
  }
  fail(world, record, method, decline, made);
  noteFailed(world, record);
};

/** Sets the deadline of a debit; also after a restart. */
export const scheduleDebit = (world: World, record: IntentRecord): void => {
  if (record.settlesAt === null) return;
  world.schedule.at(record.id, record.settlesAt, () => settleDebit(world, record));
};

const startDebit = (world: World, record: IntentRecord, method: PaymentMethodRecord): void => {
  record.pendingMethod = method.id;
  record.settlesAt = world.now() + SETTLES_IN;
  record.object.status = "processing";
  record.object.latest_charge = makeCharge(world, record, method, "pending", false).id;
  keep(world, record, "processing");
  scheduleDebit(world, record);
  noteAccepted(world, record, "unpaid");
};

/** Where the shopper proves to the bank who they are. */
export const challengeUrl = (world: World, intent: string): string =>
  `${world.publicUrl}/c/challenge/${intent}`;

const startChallenge = (
  world: World,
  record: IntentRecord,
  method: PaymentMethodRecord,
  isForSdk: boolean,
): void => {
  const url = challengeUrl(world, record.id);
  record.pendingMethod = method.id;
  record.object.status = "requires_action";
  record.object.next_action =
    record.returnUrl === null || isForSdk
      ? {
          type: "use_stripe_sdk",
          use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url },
        }
      : {
          type: "redirect_to_url",
          redirect_to_url: { url, return_url: record.returnUrl },
        };
  keep(world, record, "requires_action");
};

export interface Confirmation {
  /** The shopper is not there to pass 3-D Secure. */
  isOffSession?: boolean;
  /** Fail instead of asking for 3-D Secure. */
  isActionAnError?: boolean;
  isForSdk?: boolean;
}

/**
 * Tries to pay with the method: the intent ends `succeeded`, `processing`, `requires_action`, or
 * back at `requires_payment_method` with the error given back.
 */
export const attemptPayment = (
  world: World,
  record: IntentRecord,
  method: PaymentMethodRecord,
  { isOffSession = false, isActionAnError = false, isForSdk = false }: Confirmation = {},
): ApiError | undefined => {
  const card = cardNamed(method.card);
  record.object.payment_method = method.id;
  record.object.last_payment_error = null;
  record.object.next_action = null;
  if (card.debit) {
    startDebit(world, record, method);
    return undefined;
  }
  const isSaved = card.authentication === "until_saved" && method.object.customer !== null;
  const needsChallenge = card.authentication !== undefined && !(isOffSession && isSaved);
  if (!needsChallenge) return charge(world, record, method, false);
  if (isOffSession || isActionAnError) {
    const made = makeCharge(world, record, method, AUTHENTICATION_REQUIRED, false);
    return fail(world, record, method, AUTHENTICATION_REQUIRED, made);
  }
  startChallenge(world, record, method, isForSdk);
  return undefined;
};

/** The shopper's answer to the challenge; throws 400 when none is open. */
export const answerChallenge = (
  world: World,
  record: IntentRecord,
  isPassed: boolean,
): ApiError | undefined => {
  if (record.object.status !== "requires_action" || record.pendingMethod === null) {
    throw refused("This PaymentIntent does not wait for authentication.", {
      code: "payment_intent_unexpected_state",
      payment_intent: record.object,
    });
  }
  const method = findPaymentMethod(world, record.pendingMethod);
  return isPassed
    ? charge(world, record, method, true)
    : fail(world, record, method, NOT_AUTHENTICATED);
};

const CANCELABLE = [
  "requires_payment_method",
  "requires_capture",
  "requires_confirmation",
  "requires_action",
];
export const isCancelable = ({ object }: IntentRecord): boolean =>
  CANCELABLE.includes(object.status);

/** Throws 400 `payment_intent_unexpected_state` when the money is taken or on its way. */
export const cancelPayment = (
  world: World,
  record: IntentRecord,
  reason: Stripe.PaymentIntent["cancellation_reason"],
): void => {
  const intent = record.object;
  if (!isCancelable(record)) {
    throw refused(
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE.join(", ")}.`,
      { code: "payment_intent_unexpected_state", payment_intent: intent },
    );
  }
  record.pendingMethod = null;
  intent.status = "canceled";
  intent.canceled_at = world.now();
  intent.cancellation_reason = reason;
  intent.next_action = null;
  keep(world, record, "canceled");
};
