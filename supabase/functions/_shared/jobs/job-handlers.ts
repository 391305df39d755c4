import { z } from "zod";
import type {
  AppliedEvent,
  PaymentDetails,
  PaymentEvent,
  RefundDetails,
} from "../contracts/index.ts";
import type { Provider, ProviderRefund } from "../payments/provider.ts";

export interface JobHandlerPorts {
  refundDetails(refundId: string): Promise<RefundDetails>;
  recordRefund(refundId: string, refund: ProviderRefund): Promise<void>;
  paymentDetails(paymentId: string): Promise<PaymentDetails>;
  applyEvent(eventId: string, type: string, event: PaymentEvent): Promise<AppliedEvent>;
  provider: Provider;
}

export type JobHandler = (payload: unknown) => Promise<void>;

const RefundJob = z.object({ refund_id: z.guid() });
const CancelJob = z.object({ payment_id: z.guid() });

/** What is done for each kind of job. All are safe to do twice; a throw means: again later. */
export const jobHandlers = (ports: JobHandlerPorts): Record<string, JobHandler> => ({
  "payment.refund": async (payload) => {
    const refund = await ports.refundDetails(RefundJob.parse(payload).refund_id);
    if (refund.state !== "pending") return;
    await ports.recordRefund(refund.refund_id, await ports.provider.refund(refund));
  },

  "payment.cancel": async (payload) => {
    const payment = await ports.paymentDetails(CancelJob.parse(payload).payment_id);
    if (!payment.provider_payment_id && !payment.provider_session_id) return;
    const closed = await ports.provider.close(payment);
    const id = closed.provider_session_id ?? closed.provider_payment_id;
    await ports.applyEvent(`read:${id}:${closed.event.state}`, "read", {
      ...closed.event,
      payment_id: payment.payment_id,
    });
  },
});
