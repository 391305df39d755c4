import { createCheckout } from "../_shared/checkout/create-checkout.ts";
import { live } from "../_shared/checkout/live.ts";

Deno.serve(createCheckout(live(Deno.env.toObject())));
