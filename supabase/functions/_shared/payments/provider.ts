import type {
  PaymentAttempt,
  PaymentEvent,
  PaymentMode,
  PaymentReference,
  RefundDetails,
  RefundState,
} from "../contracts/index.ts";

export interface OpenOptions {
  mode: PaymentMode;
  successUrl: string;
  cancelUrl: string;
}

/** A payment as its provider sees it now. */
export interface ProviderPayment extends PaymentReference {
  mode: PaymentMode;
  /** What `apply_payment_event` would record; its state is `requires_action` while it can be paid. */
  event: PaymentEvent;
  redirect_url: string | null;
  client_secret: string | null;
}

export interface ProviderRefund {
  provider_refund_id: string | null;
  state: RefundState;
  failure_message: string | null;
}

/**
 * What the shop asks of a payment provider. Every call may be repeated with the same effect.
 * Failures are `payment_provider_unavailable` (repeat later), `payment_provider_error` (ours) and
 * `idempotency_key_reused` (begun with other options).
 */
export interface Provider {
  open(attempt: PaymentAttempt, options: OpenOptions): Promise<ProviderPayment>;
  read(reference: PaymentReference): Promise<ProviderPayment>;
  /** Makes a payment unpayable if it still can be paid; answers where it ended. */
  close(reference: PaymentReference): Promise<ProviderPayment>;
  /** Gives money back. A refusal is an answer (`failed`), not an error. */
  refund(refund: RefundDetails): Promise<ProviderRefund>;
}
