import { Placed, TrackedOrder } from "../contracts/index.ts";
import { connect } from "../database.ts";
import {
  checkoutEnvironment,
  type EnvironmentSource,
  stripeEnvironment,
  supabaseEnvironment,
} from "../env.ts";
import { paymentCommands } from "../payments/payment-commands.ts";
import { stripeClient } from "../payments/stripe-client.ts";
import { stripeProvider } from "../payments/stripe-provider.ts";
import type { CheckoutPorts } from "./create-checkout.ts";

export const live = (source: EnvironmentSource): CheckoutPorts => {
  const supabase = supabaseEnvironment(source);
  const { returnOrigins, siteUrl } = checkoutEnvironment(source);
  const database = connect(supabase);
  return {
    ...paymentCommands(database.service),
    provider: stripeProvider(stripeClient(stripeEnvironment(source))),
    placeOrder: (input, authorization) =>
      database.as(authorization)("place_order", { input }, Placed),
    trackOrder: (orderId, authorization) =>
      database.as(authorization)(
        "track_order",
        { order_id: orderId },
        TrackedOrder.pick({ order: true }),
      ),
    callerId: database.callerId,
    returnRules: { allowedOrigins: returnOrigins, siteUrl: siteUrl ?? supabase.url },
  };
};
