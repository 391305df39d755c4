// Acts as its caller, so that row-level security applies.
import { createClient } from "@supabase/supabase-js";

Deno.serve(async (request) => {
  const authorization = request.headers.get("authorization") ?? "";
  const client = createClient(
    Deno.env.get("SUPABASE_URL") ?? "",
    Deno.env.get("SUPABASE_ANON_KEY") ?? "",
    { global: { headers: { Authorization: authorization } } },
  );
  const { data } = await client.auth.getUser(authorization.replace(/^Bearer /, ""));
  const { data: notes } = await client.from("notes").select("body");
  return Response.json({ id: data.user?.id ?? null, notes });
});
