// Says which of the variables that it is asked for are set, and to what a harmless one is.
Deno.serve(async (request) => {
  const names: string[] = await request.json();
  return Response.json({
    set: names.filter((name) => Deno.env.get(name)),
    greeting: Deno.env.get("GREETING"),
  });
});
