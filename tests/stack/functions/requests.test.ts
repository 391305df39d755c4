import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeServer, serveFetch } from "../../../stack/listen.ts";
import { aProject, eventually, type FunctionsProject, open, readUntil } from "./harness.ts";

const functions = {
  "echo/index.ts": `
    Deno.serve(async (request) => Response.json({
      method: request.method,
      url: request.url,
      body: await request.text(),
      headers: Object.fromEntries(request.headers),
    }, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }));`,
  "declared/index.ts": `export default { fetch: () => new Response("declared") };`,
  "counts/index.ts": `
    Deno.serve(async (request) => {
      let chunks = 0;
      for await (const _chunk of request.body) chunks += 1;
      return Response.json({ chunks });
    });`,
  "drip/index.ts": `
    let aborted = 0;
    const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    Deno.serve((request) => {
      if (request.url.endsWith("/aborted")) return Response.json({ aborted });
      request.signal.addEventListener("abort", () => { aborted += 1; });
      if (request.url.endsWith("/never")) return new Promise(() => {});
      const encoder = new TextEncoder();
      return new Response(new ReadableStream({
        async start(controller) {
          controller.enqueue(encoder.encode("first"));
          await later(request.url.endsWith("/long") ? 60_000 : 300);
          controller.enqueue(encoder.encode("last"));
          controller.close();
        },
      }));
    });`,
  "pours/index.ts": `
    let poured = 0;
    Deno.serve((request) => {
      if (request.url.endsWith("/poured")) return Response.json({ poured });
      return new Response(new ReadableStream({
        pull(controller) {
          poured += 65536;
          controller.enqueue(new Uint8Array(65536));
        },
      }));
    });`,
  "hasty/index.ts": `Deno.serve(() => new Response("no", { status: 413 }));`,
  "later/index.ts": `
    let done = false;
    Deno.serve((request) => {
      if (request.url.endsWith("/done")) return Response.json({ done });
      EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(resolve, 50)).then(() => { done = true; }));
      EdgeRuntime.waitUntil(Promise.reject(new Error("a background task failed")));
      return Response.json({ done });
    });`,
  "off/index.ts": `Deno.serve(() => new Response("never"));`,
  "_shared/index.ts": `Deno.serve(() => new Response("never"));`,
};

let project: FunctionsProject;
beforeAll(async () => {
  const names = ["echo", "declared", "counts", "drip", "pours", "hasty", "later", "appears"];
  project = await aProject(functions, {
    config: {
      ...Object.fromEntries(names.map((name) => [name, open])),
      off: { enabled: false },
      named: { ...open, entrypoint: "./functions/declared/index.ts" },
    },
  });
});
afterAll(() => project.end());

const streamed = (chunks: number, size: number, pause = 0) => {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      sent += 1;
      if (sent > chunks) controller.close();
      else controller.enqueue(new Uint8Array(size));
    },
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  return { init, isSent: () => sent > chunks };
};

describe("a request", () => {
  it("reaches its function with method, path, query, body and where it came in", async () => {
    const response = await project.call("echo/deep/path?x=1&y=%20", {
      method: "PUT",
      body: "hällo",
      headers: { "x-forwarded-for": "203.0.113.7", "x-request-id": "r-1", "x-region": "eu-west-1" },
    });
    expect(response.status).toBe(200);
    const answer = await response.json();
    expect(answer).toMatchObject({
      method: "PUT",
      url: "http://127.0.0.1:54321/echo/deep/path?x=1&y=%20",
      body: "hällo",
      headers: {
        "x-forwarded-for": "203.0.113.7",
        "x-real-ip": "203.0.113.7",
        "x-forwarded-host": "127.0.0.1",
        "x-forwarded-port": "54321",
        "x-forwarded-proto": "http",
        "x-forwarded-path": "/functions/v1/echo/deep/path",
        "x-forwarded-prefix": "/functions/v1/",
        "x-request-id": "r-1",
        "x-region": "eu-west-1",
      },
    });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  it("gets an answer that names the worker and where it ran", async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const { headers } = await project.call("echo");
        expect(headers.get("x-sb-edge-region")).toBe("local");
        expect(headers.get("x-served-by")).toBe("supabase-edge-runtime");
        return headers.get("x-deno-execution-id");
      }),
    );
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids[1]).toBe(ids[0]);
  });

  it("to a function that does not exist, is switched off or is shared code is a 404", async () => {
    for (const name of ["nothing", "off", "_shared", "..%2Fsecrets", ""]) {
      const response = await project.call(name);
      expect([name, response.status]).toEqual([name, 404]);
      expect(await response.json()).toEqual({
        code: "NOT_FOUND",
        message: "Requested function was not found",
      });
    }
  });

  it("finds functions by folder, by the entrypoint of their block, and new ones at once", async () => {
    expect(await (await project.call("declared")).text()).toBe("declared");
    expect(await (await project.call("named")).text()).toBe("declared");
    expect((await project.call("appears")).status).toBe(404);
    await project.write("appears/index.ts", `Deno.serve(() => new Response("here"));`);
    expect(await (await project.call("appears")).text()).toBe("here");
  });
});

describe("streams", () => {
  it("of answers arrive while they are written", async () => {
    const response = await project.call("drip");
    const started = performance.now();
    const times: [string, number][] = [];
    for await (const chunk of response.body ?? []) {
      times.push([new TextDecoder().decode(chunk), performance.now() - started]);
    }
    expect(times.map(([text]) => text)).toEqual(["first", "last"]);
    expect(times[1]?.[1]).toBeGreaterThan((times[0]?.[1] ?? 0) + 150);
  });

  it("of requests reach the function while they are sent", async () => {
    const { init } = streamed(3, 1000, 30);
    const { chunks } = await (await project.call("counts", init)).json();
    expect(chunks).toBeGreaterThan(1);
  });

  it("of requests may be sent to their end although the function has answered already", async () => {
    const { init, isSent } = streamed(160, 65_536);
    const response = await project.call("hasty", init);
    expect([response.status, await response.text()]).toEqual([413, "no"]);
    await eventually(async () => (isSent() ? true : undefined));
  });

  it("that nobody reads make the function wait", async () => {
    const response = await project.call("pours");
    const poured = async () => (await (await project.call("pours/poured")).json()).poured;
    let last = -1;
    await eventually(async () => {
      const now = await poured();
      const hasStopped = now === last;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return hasStopped ? true : undefined;
    });
    expect(last).toBeLessThan(64 * 1024 * 1024);
    await response.body?.cancel();
  });

  it("that the client leaves are aborted in the function", async () => {
    const aborted = async () => (await (await project.call("drip/aborted")).json()).aborted;
    const before = await aborted();
    const response = await project.call("drip/long");
    const reader = response.body?.getReader();
    if (reader) await readUntil(reader, /first/);
    await reader?.cancel();
    await eventually(async () => ((await aborted()) === before + 1 ? true : undefined));

    const leaving = new AbortController();
    const left = await project.call("drip/long", { signal: leaving.signal });
    leaving.abort();
    await eventually(async () => ((await aborted()) === before + 2 ? true : undefined));
    await left.body?.cancel().catch(() => undefined);
  });
});

describe("over HTTP", () => {
  it("a client that hangs up is noticed in the function, before and within its answer", async () => {
    const server = await serveFetch(project.runtime.fetch, 0);
    const bound = server.address();
    const port = typeof bound === "object" ? bound?.port : 0;
    const aborted = async () => (await (await project.call("drip/aborted")).json()).aborted;
    const before = await aborted();

    const streaming = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}/functions/v1/drip/long`, streaming);
    const reader = response.body?.getReader();
    if (reader) await readUntil(reader, /first/);
    streaming.abort();
    await eventually(async () => ((await aborted()) === before + 1 ? true : undefined));

    const waiting = new AbortController();
    const never = fetch(`http://127.0.0.1:${port}/functions/v1/drip/never`, waiting);
    setTimeout(() => waiting.abort(), 200);
    await expect(never).rejects.toThrow();
    await eventually(async () => ((await aborted()) === before + 2 ? true : undefined));
    await closeServer(server);
  });
});

describe("EdgeRuntime.waitUntil", () => {
  it("goes on after the answer, and a task that fails harms nothing", async () => {
    expect(await (await project.call("later")).json()).toEqual({ done: false });
    const { done } = await eventually(async () => {
      const state = await (await project.call("later/done")).json();
      return state.done ? state : undefined;
    });
    expect(done).toBe(true);
    await expect.poll(() => project.logged.join("\n")).toContain("a background task failed");
  });
});
