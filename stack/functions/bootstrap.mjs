/**
 * Runs inside Deno, before the function: gives it what Supabase's edge runtime has and Deno lacks,
 * and ties its life to the stack's. Arguments: entrypoint, a mark for lines meant for the stack,
 * and the names of the variables that the function may see.
 */
const [entrypoint, mark, names] = Deno.args;
const say = (message) => Deno.stdout.writeSync(new TextEncoder().encode(`${mark} ${message}\n`));

// What Deno itself needed to start (its cache folder, say) is none of the function's business.
const visible = new Set(JSON.parse(names));
for (const name of Object.keys(Deno.env.toObject())) {
  if (!visible.has(name)) Deno.env.delete(name);
}

const background = new Set();
globalThis.EdgeRuntime = {
  waitUntil: (promise) => {
    const task = Promise.resolve(promise)
      .catch((error) => console.error("Background task failed:", error))
      .finally(() => background.delete(task));
    background.add(task);
    return promise;
  },
};

let server;
const serve = Deno.serve;
Deno.serve = (first, second) => {
  const options = typeof first === "function" ? {} : first;
  const handler = typeof first === "function" ? first : (second ?? first.handler);
  if (server) throw new Error("Deno.serve was called twice.");
  server = serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      onListen: ({ port }) => say(`ready ${port}`),
      ...(options.onError ? { onError: options.onError } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    },
    handler,
  );
  return server;
};

const drain = async () => {
  await server?.shutdown();
  while (background.size > 0) await Promise.allSettled(background);
  globalThis.dispatchEvent(new CustomEvent("beforeunload", { detail: { reason: "termination" } }));
  Deno.exit(0);
};

const obey = async () => {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    if (text.includes("drain")) drain();
  }
  // The stack is gone, however it went.
  Deno.exit(0);
};
obey();

try {
  const module = await import(entrypoint);
  if (!server && typeof module.default?.fetch === "function") {
    Deno.serve((request, info) => module.default.fetch(request, info));
  }
  if (!server) say("silent");
} catch (error) {
  console.error(error);
  Deno.exit(1);
}
