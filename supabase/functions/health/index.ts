import { createHealth } from "../_shared/health/health.ts";
import { live } from "../_shared/health/live.ts";

Deno.serve(createHealth(live(Deno.env.toObject())));
