// Computes without end when it is asked to.
import { restOf } from "../_shared/steps.ts";

Deno.serve((request) => {
  if (restOf(request) === "forever") for (;;);
  return new Response("free");
});
