import type { OrderStatus, PaymentStatus } from "../../types/index.ts";
import { h } from "./dom.ts";
import { paymentTone, paymentWords, statusTone, statusWords, type Tone } from "./order-words.ts";

export const badge = (text: string, tone: Tone): HTMLElement =>
  h("span", { class: "badge", "data-tone": tone }, text);

export const statusBadge = (status: OrderStatus): HTMLElement =>
  badge(statusWords[status], statusTone[status]);

export const paymentBadge = (status: PaymentStatus): HTMLElement =>
  badge(paymentWords[status], paymentTone[status]);
