// Answers after as many milliseconds as the path says.
import { later, restOf } from "../_shared/steps.ts";

Deno.serve(async (request) => {
  await later(Number(restOf(request)));
  return new Response("done");
});
