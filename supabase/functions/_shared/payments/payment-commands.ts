import { z } from "zod";
import {
  AppliedEvent,
  PaymentAttempt,
  PaymentDetails,
  type PaymentEvent,
  type PaymentReference,
  PaymentStarted,
  RefundDetails,
} from "../contracts/index.ts";
import type { Command } from "../database.ts";
import type { ProviderRefund } from "./provider.ts";

/** The SQL commands around payments that only the service may call. */
export const paymentCommands = (service: Command) => ({
  startAttempt: (orderId: string, buyerId: string | null) =>
    service("start_payment_attempt", { order_id: orderId, buyer_id: buyerId }, PaymentAttempt),
  recordStarted: (paymentId: string, reference: PaymentReference) =>
    service(
      "record_payment_started",
      {
        payment_id: paymentId,
        provider_payment_id: reference.provider_payment_id,
        provider_session_id: reference.provider_session_id,
      },
      PaymentStarted,
    ),
  applyEvent: (eventId: string, type: string, event: PaymentEvent) =>
    service(
      "apply_payment_event",
      { provider: "stripe", event_id: eventId, type, event },
      AppliedEvent,
    ),
  paymentDetails: (paymentId: string) =>
    service("payment_details", { payment_id: paymentId }, PaymentDetails),
  recordCheck: async (paymentId: string, askedAt: string): Promise<void> => {
    await service(
      "record_payment_check",
      { payment_id: paymentId, asked_at: askedAt },
      z.boolean(),
    );
  },
  refundDetails: (refundId: string) =>
    service("refund_details", { refund_id: refundId }, RefundDetails),
  recordRefund: async (refundId: string, refund: ProviderRefund): Promise<void> => {
    await service("record_refund", { refund_id: refundId, ...refund }, z.unknown());
  },
});
