// Fails in the way that the path names.
import { restOf } from "../_shared/steps.ts";

Deno.serve((request) => {
  switch (restOf(request)) {
    case "refuses":
      return Response.json({ reason: "not like this" }, { status: 422 });
    case "relay":
      return Response.json({ reason: "relayed" }, { headers: { "x-relay-error": "true" } });
    case "outside":
      // Nobody handles it: the whole worker ends.
      setTimeout(() => {
        throw new Error("outside of any request");
      });
      return new Promise<Response>(() => {});
    default:
      throw new Error("inside the handler");
  }
});
