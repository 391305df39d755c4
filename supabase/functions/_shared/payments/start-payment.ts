import type {
  AppliedEvent,
  CheckoutAnswer,
  PaymentAttempt,
  PaymentEvent,
  PaymentReference,
  PaymentStarted,
} from "../contracts/index.ts";
import { Problem } from "../problems.ts";
import type { OpenOptions, Provider, ProviderPayment } from "./provider.ts";

export interface StartPaymentPorts {
  /** `buyerId` null: the caller has proven that the order is theirs. */
  startAttempt(orderId: string, buyerId: string | null): Promise<PaymentAttempt>;
  recordStarted(
    paymentId: string,
    reference: PaymentReference,
  ): Promise<Pick<PaymentStarted, "status" | "payable">>;
  applyEvent(eventId: string, type: string, event: PaymentEvent): Promise<AppliedEvent>;
  provider: Provider;
}

export type StartedPayment = CheckoutAnswer["payment"];

/** Each round ends one stale attempt; more than this many means that somebody keeps changing it. */
const mostRounds = 4;

/**
 * Brings an order to where the shopper can pay it: the open payment if there is one, else a new one.
 * An order never has two payments that can be paid, so what is open in another mode is closed first.
 * Throws `order_not_payable` and `order_expired` when it is too late, and the provider's problems.
 */
export const startPayment = async (
  ports: StartPaymentPorts,
  orderId: string,
  buyerId: string | null,
  options: OpenOptions,
): Promise<StartedPayment> => {
  for (let round = 0; round < mostRounds; round += 1) {
    const attempt = await ports.startAttempt(orderId, buyerId);
    await closeSuperseded(ports, attempt);
    const known = await knownPayment(ports, attempt, options);
    if (known === "ended") continue;
    const current = known ?? (await openPayment(ports, attempt, options));
    return answer(attempt, current);
  }
  throw new Problem("order_not_payable", { order_id: orderId });
};

/** What an earlier attempt left at the provider may not be paid beside the new one. */
const closeSuperseded = async (ports: StartPaymentPorts, attempt: PaymentAttempt) => {
  for (const reference of attempt.superseded) {
    const closed = await ports.provider.close(reference);
    await applyState(ports, closed, reference.payment_id);
    if (closed.event.state === "captured") {
      throw new Problem("order_not_payable", { payment_status: "paid" });
    }
  }
};

/** The attempt's payment at the provider, when it was opened before and is of use still. */
const knownPayment = async (
  ports: StartPaymentPorts,
  attempt: PaymentAttempt,
  options: OpenOptions,
): Promise<ProviderPayment | "ended" | undefined> => {
  if (!attempt.provider_payment_id && !attempt.provider_session_id) return undefined;
  const current = await ports.provider.read(attempt);
  const isOpen = current.event.state === "requires_action";
  if (isOpen && current.mode === options.mode) return current;
  const settled = isOpen ? await ports.provider.close(attempt) : current;
  await applyState(ports, settled, attempt.payment_id);
  const isUnderWay = ["processing", "authorised"].includes(settled.event.state);
  return isUnderWay ? settled : "ended";
};

const openPayment = async (
  ports: StartPaymentPorts,
  attempt: PaymentAttempt,
  options: OpenOptions,
): Promise<ProviderPayment> => {
  const opened = await ports.provider.open(attempt, options);
  const { payable } = await ports.recordStarted(attempt.payment_id, opened);
  if (!payable) throw new Problem("order_not_payable", { order_id: attempt.order_id });
  return opened;
};

/** Tells the database what the provider said when asked, as if it had sent an event. */
const applyState = async (
  ports: StartPaymentPorts,
  payment: ProviderPayment,
  paymentId: string,
): Promise<void> => {
  const { state } = payment.event;
  const id = payment.provider_session_id ?? payment.provider_payment_id;
  await ports.applyEvent(`read:${id}:${state}`, "read", {
    ...payment.event,
    payment_id: paymentId,
  });
};

const answer = (attempt: PaymentAttempt, payment: ProviderPayment): StartedPayment => {
  const { state } = payment.event;
  return {
    id: attempt.payment_id,
    provider: attempt.provider,
    status: state === "processing" || state === "authorised" ? state : attempt.status,
    amount: attempt.amount,
    currency: attempt.currency,
    ...(state === "requires_action" && payment.redirect_url
      ? { redirect_url: payment.redirect_url }
      : {}),
    ...(state === "requires_action" && payment.client_secret
      ? { client_secret: payment.client_secret }
      : {}),
  };
};
