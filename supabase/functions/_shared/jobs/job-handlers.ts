import { z } from "zod";
import type {
  AppliedEvent,
  PaymentDetails,
  PaymentEvent,
  RefundDetails,
} from "../contracts/index.ts";
import type { Provider, ProviderPayment, ProviderRefund } from "../payments/provider.ts";

export interface JobHandlerPorts {
  refundDetails(refundId: string): Promise<RefundDetails>;
  recordRefund(refundId: string, refund: ProviderRefund): Promise<void>;
  paymentDetails(paymentId: string): Promise<PaymentDetails>;
  /** Notes that the provider has answered what was asked at `askedAt`. */
  recordCheck(paymentId: string, askedAt: string): Promise<void>;
  applyEvent(eventId: string, type: string, event: PaymentEvent): Promise<AppliedEvent>;
  provider: Provider;
}

export type JobHandler = (payload: unknown) => Promise<void>;

const RefundJob = z.object({ refund_id: z.guid() });
const PaymentJob = z.object({ payment_id: z.guid() });

/** States that a provider tells us something by; the others are where every payment begins. */
const news: ReadonlySet<PaymentEvent["state"]> = new Set([
  "processing",
  "authorised",
  "captured",
  "cancelled",
]);

/** What is done for each kind of job. All are safe to do twice; a throw means: again later. */
export const jobHandlers = (ports: JobHandlerPorts): Record<string, JobHandler> => ({
  "payment.refund": async (payload) => {
    const refund = await ports.refundDetails(RefundJob.parse(payload).refund_id);
    if (refund.state !== "pending") return;
    await ports.recordRefund(refund.refund_id, await ports.provider.refund(refund));
  },

  "payment.cancel": async (payload) => {
    const payment = await ports.paymentDetails(PaymentJob.parse(payload).payment_id);
    if (!payment.provider_payment_id && !payment.provider_session_id) return;
    const closed = await ports.provider.close(payment);
    await apply(ports, "read", payment, closed);
  },

  /** Finds out what a webhook should have told, and lets nobody pay once the time is over. */
  "payment.reconcile": async (payload) => {
    const payment = await ports.paymentDetails(PaymentJob.parse(payload).payment_id);
    if (!payment.provider_payment_id && !payment.provider_session_id) return;
    const { provider } = ports;
    const found = payment.is_overdue ? await provider.close(payment) : await provider.read(payment);
    if (news.has(found.event.state)) await apply(ports, "reconcile", payment, found);
    await ports.recordCheck(payment.payment_id, payment.asked_at);
  },
});

/** Tells the database what the provider answered, as if it had sent an event; once for each state. */
const apply = async (
  ports: JobHandlerPorts,
  type: "read" | "reconcile",
  { payment_id }: PaymentDetails,
  { event, provider_payment_id, provider_session_id }: ProviderPayment,
): Promise<void> => {
  const id = provider_session_id ?? provider_payment_id;
  await ports.applyEvent(`${type}:${id}:${event.state}`, type, { ...event, payment_id });
};
