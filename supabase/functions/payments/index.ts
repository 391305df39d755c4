import type {} from "@supabase/functions-js/src/edge-runtime.d.ts";
import { routes } from "../_shared/http.ts";
import { live } from "../_shared/payments/live.ts";
import { createRequestRefund } from "../_shared/payments/request-refund.ts";

const ports = live(Deno.env.toObject(), (work) => EdgeRuntime.waitUntil(work));

Deno.serve(routes("payments", { refund: createRequestRefund(ports) }));
