import type {
  PaymentAttempt,
  Placed,
  PlaceOrderInput,
} from "../../supabase/functions/_shared/contracts/index.ts";
import type { Handler } from "../../supabase/functions/_shared/http.ts";
import type { ProviderPayment } from "../../supabase/functions/_shared/payments/provider.ts";

export const orderId = "0a000000-0000-4000-8000-000000000001";
export const paymentId = "0b000000-0000-4000-8000-000000000001";
export const refundId = "0c000000-0000-4000-8000-000000000001";
export const variantId = "0d000000-0000-4000-8000-000000000001";
export const ada = "0e000000-0000-4000-8000-00000000000a";

const address = {
  full_name: "Ada Byron",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

/** What a shopper sends to place an order. */
export const anOrderInput = (over: Partial<PlaceOrderInput> = {}): PlaceOrderInput => ({
  idempotency_key: "key-of-this-order",
  items: [{ variant_id: variantId, quantity: 2 }],
  shipping_address: address,
  payment: { provider: "stripe" },
  ...over,
});

/** What `place_order` answers. */
export const aPlacedOrder = (provider: "stripe" | "cod" = "stripe"): Placed => ({
  order: {
    id: orderId,
    number: "SM-100001",
    status: provider === "cod" ? "confirmed" : "pending",
    payment_status: "pending",
    payment_provider: provider,
    currency: "GBP",
    subtotal: 5000,
    discount: 0,
    shipping: 399,
    shipping_tax: 0,
    tax: 0,
    total: 5399,
    prices_include_tax: true,
    item_count: 2,
    email: "ada@supamarket.test",
    is_guest: false,
    shipping_address: address,
    billing_address: address,
    shipping_method: "standard",
    shipping_method_name: "Standard",
    estimated_delivery_at: null,
    tracking_number: null,
    tracking_carrier: null,
    cancel_reason: null,
    note: null,
    placed_at: "2026-11-21T10:00:00.123456+00:00",
    expires_at: "2026-11-21T10:30:00.123456+00:00",
    paid_at: null,
    version: 1,
    items: [],
  },
  payment: { id: paymentId, provider, status: "created", amount: 5399, currency: "GBP" },
});

/** What `start_payment_attempt` answers. */
export const anAttempt = (over: Partial<PaymentAttempt> = {}): PaymentAttempt => ({
  payment_id: paymentId,
  attempt: 1,
  created_at: new Date().toISOString(),
  status: "created",
  provider: "stripe",
  amount: 5399,
  currency: "GBP",
  provider_payment_id: null,
  provider_session_id: null,
  order_id: orderId,
  order_number: "SM-100001",
  email: "ada@supamarket.test",
  expires_at: new Date(Date.now() + 30 * 60_000).toISOString(),
  subtotal: 5000,
  discount: 0,
  shipping: 399,
  tax: 0,
  prices_include_tax: true,
  items: [
    {
      sku: "KETTLE",
      title: "Kettle",
      image: "/storefront/demo/kettle.svg",
      quantity: 2,
      unit_price: 2500,
      line_total: 5000,
    },
  ],
  superseded: [],
  ...over,
});

/** A payment as the provider reports it. */
export const aProviderPayment = (over: Partial<ProviderPayment> = {}): ProviderPayment => ({
  mode: "hosted",
  event: { state: "requires_action", provider_session_id: "cs_1" },
  provider_payment_id: null,
  provider_session_id: "cs_1",
  redirect_url: "https://pay.test/cs_1",
  client_secret: null,
  ...over,
});

/** Sends a body to a handler as a client would. */
export const post = async (
  handler: Handler,
  body: unknown,
  headers: Record<string, string> = { authorization: "Bearer ada" },
  path = "/checkout",
) => {
  const bytes = body instanceof Uint8Array ? new Uint8Array(body) : undefined;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await handler(
    new Request(`http://functions.test${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: bytes ?? text,
    }),
  );
  return { status: response.status, headers: response.headers, body: await response.json() };
};
