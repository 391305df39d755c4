import type { OrderStatus, PaymentStatus, TrackedOrder } from "../../types/index.ts";

export const statusWords: Readonly<Record<OrderStatus, string>> = {
  pending: "Awaiting payment",
  confirmed: "Confirmed",
  processing: "Being packed",
  shipped: "Shipped",
  delivered: "Delivered",
  cancelled: "Cancelled",
  returned: "Returned",
};

export const paymentWords: Readonly<Record<PaymentStatus, string>> = {
  pending: "Unpaid",
  authorised: "Authorised",
  paid: "Paid",
  failed: "Payment failed",
  partially_refunded: "Partly refunded",
  refunded: "Refunded",
};

export type Tone = "quiet" | "good" | "busy" | "warn" | "bad";

export const statusTone: Readonly<Record<OrderStatus, Tone>> = {
  pending: "warn",
  confirmed: "good",
  processing: "busy",
  shipped: "busy",
  delivered: "good",
  cancelled: "bad",
  returned: "quiet",
};

export const paymentTone: Readonly<Record<PaymentStatus, Tone>> = {
  pending: "quiet",
  authorised: "busy",
  paid: "good",
  failed: "bad",
  partially_refunded: "warn",
  refunded: "quiet",
};

const wordOf = (words: Readonly<Record<string, string>>, key: string | null): string =>
  (key === null ? undefined : words[key]) ?? key ?? "";

/** One line of an order's timeline. */
export const eventWords = (event: TrackedOrder["events"][number]): string => {
  if (event.kind === "created") return "Order placed";
  if (event.kind === "status") return wordOf(statusWords, event.to_status);
  if (event.kind === "payment") return wordOf(paymentWords, event.to_status);
  if (event.kind === "refund") return "Refund";
  if (event.kind === "tracking") return "Tracking number";
  return "Note";
};
