import type { OrderStatus, PaymentStatus } from "../../types/index.ts";
import { h } from "./dom.ts";
import { paymentTone, paymentWords, statusTone, statusWords, type Tone } from "./order-words.ts";

export const badge = (text: string, tone: Tone): HTMLElement =>
  h("span", { class: "badge", "data-tone": tone }, text);

export const statusBadge = (status: OrderStatus): HTMLElement =>
  badge(statusWords[status], statusTone[status]);

/** An order that goes ahead unpaid is one that is paid at the door; the shop allows no other. */
export const paymentBadge = (order: {
  status: OrderStatus;
  payment_status: PaymentStatus;
}): HTMLElement => {
  const isUnpaid = order.payment_status === "pending";
  const goesAhead = order.status !== "pending" && order.status !== "cancelled";
  return isUnpaid && goesAhead
    ? badge("On delivery", "quiet")
    : badge(paymentWords[order.payment_status], paymentTone[order.payment_status]);
};
