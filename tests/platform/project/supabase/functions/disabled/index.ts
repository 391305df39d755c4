// Switched off in config.toml.
Deno.serve(() => new Response("never"));
