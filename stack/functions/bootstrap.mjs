/**
 * Runs inside Deno before the function: gives it what Supabase's edge runtime has and Deno lacks,
 * takes away what it does not have, and ties its life to the stack's.
 *
 * The stack speaks on standard input: first the settings, then lines of `beforeunload REASON` and
 * `drain REASON`. It is told on standard output, in lines that begin with a secret mark: `ready PORT`,
 * `silent` (the module serves nothing) and `began ID` for each request that reaches the function; the
 * ids of the stack's requests begin with the mark, too.
 */

const readExactly = (length) => {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = Deno.stdin.readSync(bytes.subarray(filled));
    if (read === null) Deno.exit(0);
    filled += read;
  }
  return new TextDecoder().decode(bytes);
};

const { mark, env } = JSON.parse(readExactly(Number(readExactly(8))));
const encoder = new TextEncoder();
const say = (message) => Deno.stdout.writeSync(encoder.encode(`${mark} ${message}\n`));

// What Deno itself needed to start (its cache folder, say) is none of the function's business.
for (const name of Object.keys(Deno.env.toObject())) Deno.env.delete(name);
for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);

// As in the edge runtime: functions neither end nor signal processes, and have no threads.
const exit = Deno.exit;
for (const name of ["exit", "kill", "addSignalListener", "removeSignalListener"]) {
  Deno[name] = () => undefined;
}
delete globalThis.Worker;

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
const settled = async () => {
  while (background.size > 0) await Promise.allSettled(background);
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
      onListen: (address) => {
        say(`ready ${address.port}`);
        options.onListen?.(address);
      },
      ...(options.onError ? { onError: options.onError } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    },
    (request, info) => {
      const id = request.headers.get("sb-delivery-id") ?? "";
      // Whoever finds the port is no way around the gateway and verify_jwt.
      if (!id.startsWith(mark)) return new Response(null, { status: 403 });
      say(`began ${id}`);
      return handler(request, info);
    },
  );
  return server;
};

const beforeUnload = (reason) => {
  globalThis.dispatchEvent(
    new CustomEvent("beforeunload", { cancelable: true, detail: { reason } }),
  );
};

/** Takes no more requests, and ends when those begun and the background tasks are done. */
const drain = async (reason) => {
  globalThis.dispatchEvent(new Event("drain"));
  // A reload or the end of the stack leaves tasks little time, so they hear of it first.
  if (reason === "termination") beforeUnload(reason);
  await server?.shutdown();
  await settled();
  if (reason !== "termination") beforeUnload(reason);
  await settled();
  globalThis.dispatchEvent(new Event("unload"));
  exit(0);
};

const obey = async () => {
  let text = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const [order, reason] = line.split(" ");
      if (order === "beforeunload") beforeUnload(reason);
      if (order === "drain") drain(reason);
    }
  }
  // The stack is gone, however it went.
  exit(0);
};

globalThis.addEventListener("load", async () => {
  // Not before: Deno waits for whatever this file begins until it loads the function.
  obey();
  const { default: module } = await import(Deno.mainModule);
  if (!server && typeof module?.fetch === "function") {
    Deno.serve((request, info) => module.fetch(request, info));
  }
  if (!server) say("silent");
});
