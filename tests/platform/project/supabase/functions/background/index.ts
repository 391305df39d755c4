// Answers at once and writes a note of the caller's afterwards.
import type {} from "@supabase/functions-js/src/edge-runtime.d.ts";
import { createClient } from "@supabase/supabase-js";
import { later } from "../_shared/steps.ts";

Deno.serve(async (request) => {
  const body = await request.text();
  const authorization = request.headers.get("authorization") ?? "";
  const client = createClient(
    Deno.env.get("SUPABASE_URL") ?? "",
    Deno.env.get("SUPABASE_ANON_KEY") ?? "",
    { global: { headers: { Authorization: authorization } } },
  );
  const work = async () => {
    await later(300);
    const { error } = await client.from("notes").insert({ body });
    if (error) throw error;
  };
  EdgeRuntime.waitUntil(work());
  return new Response("accepted", { status: 202 });
});
