import {
  type CheckoutAnswer,
  CheckoutInput,
  type PayOrderInput,
  type PlaceAndPayInput,
  type Placed,
  type PlaceOrderInput,
  type TrackedOrder,
} from "../contracts/index.ts";
import { type Context, endpoint } from "../http.ts";
import {
  type StartedPayment,
  type StartPaymentPorts,
  startPayment,
} from "../payments/start-payment.ts";
import { Problem, withDetails } from "../problems.ts";
import { type ReturnUrlRules, returnUrls } from "./return-urls.ts";

export interface CheckoutPorts extends StartPaymentPorts {
  /** As the caller, so that the database sees who buys. */
  placeOrder(input: PlaceOrderInput, authorization: string): Promise<Placed>;
  trackOrder(orderId: string, authorization: string): Promise<Pick<TrackedOrder, "order">>;
  callerId(authorization: string): Promise<string>;
  returnRules: ReturnUrlRules;
}

/** An order as the details of a problem name it. */
type OrderSummary = Pick<Placed["order"], "id" | "number" | "expires_at">;

/**
 * `POST checkout`: places an order and starts its payment, or starts the payment of an order that
 * waits for one. Whatever fails after the order was placed names it in `details.order`, and the same
 * request again goes on with that order.
 */
export const createCheckout = (ports: CheckoutPorts) =>
  endpoint({ method: "POST", body: CheckoutInput }, async (input, context) => {
    const { authorization } = context;
    if (!authorization) throw new Problem("not_signed_in");
    return "order_id" in input
      ? await payOrder(ports, input, authorization, context)
      : await placeAndPay(ports, input, authorization, context);
  });

const placeAndPay = async (
  ports: CheckoutPorts,
  { mode, success_url, cancel_url, ...input }: PlaceAndPayInput,
  authorization: string,
  { headers }: Context,
): Promise<CheckoutAnswer> => {
  const urls = returnUrls({ success_url, cancel_url }, headers.get("origin"), ports.returnRules);
  const { order, payment } = await ports.placeOrder(input, authorization);
  if (payment.provider === "cod") return { order, payment };
  // Nobody but its buyer is given an order by place_order, so the ownership is proven.
  const start = () => startPayment(ports, order.id, null, { mode, ...urls(order) });
  return { order, payment: await namingOrder(order, start) };
};

const payOrder = async (
  ports: CheckoutPorts,
  { order_id, mode, success_url, cancel_url }: PayOrderInput,
  authorization: string,
  { headers }: Context,
): Promise<CheckoutAnswer> => {
  const urls = returnUrls({ success_url, cancel_url }, headers.get("origin"), ports.returnRules);
  const [buyerId, { order }] = await Promise.all([
    ports.callerId(authorization),
    ports.trackOrder(order_id, authorization),
  ]);
  const start = () => startPayment(ports, order.id, buyerId, { mode, ...urls(order) });
  return { order, payment: await namingOrder(order, start) };
};

const namingOrder = async (
  { id, number, expires_at }: OrderSummary,
  start: () => Promise<StartedPayment>,
): Promise<StartedPayment> => {
  try {
    return await start();
  } catch (error) {
    throw withDetails(error, { order: { id, number, expires_at } });
  }
};
