// Says what it was asked, and what it was told of where that came from.
import { cors } from "../_shared/cors.ts";
import { restOf } from "../_shared/steps.ts";

Deno.serve(async (request) => {
  if (request.method === "OPTIONS") return new Response("ok", { headers: cors });
  const { searchParams } = new URL(request.url);
  return Response.json(
    {
      method: request.method,
      path: restOf(request),
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    },
    { headers: { ...cors, "x-custom-answer": "yes" } },
  );
});
