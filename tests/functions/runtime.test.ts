import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunctionsRuntime, type FunctionsRuntime } from "../../stack/functions/functions.ts";

const functions: Record<string, string> = {
  "echo/index.ts": `
    Deno.serve(async (request) => Response.json({
      method: request.method,
      url: request.url,
      path: new URL(request.url).pathname + new URL(request.url).search,
      body: await request.text(),
      forwarded: request.headers.get("x-forwarded-path"),
      environment: Deno.env.toObject(),
    }, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }));`,
  "_shared/greeting.ts": `export const greeting: string = "one";`,
  "greeter/index.ts": `
    import { greeting } from "../_shared/greeting.ts";
    export default { fetch: () => new Response(greeting) };`,
  "crasher/index.ts": `
    let served = 0;
    Deno.serve((request) => {
      if (request.url.endsWith("/crash")) Deno.exit(7);
      served += 1;
      return Response.json({ served });
    });`,
  "broken/index.ts": `import "./missing.ts";`,
  "silent/index.ts": `export const nothing = true;`,
  "private/index.ts": `Deno.serve(() => new Response("in"));`,
  "drip/index.ts": `
    Deno.serve(async (request) => {
      if (request.method === "POST") {
        let chunks = 0;
        for await (const _chunk of request.body) chunks += 1;
        return Response.json({ chunks });
      }
      const encoder = new TextEncoder();
      return new Response(new ReadableStream({
        async start(controller) {
          controller.enqueue(encoder.encode("first"));
          await new Promise((resolve) => setTimeout(resolve, 300));
          controller.enqueue(encoder.encode("last"));
          controller.close();
        },
      }));
    });`,
  "later/index.ts": `
    let done = false;
    Deno.serve((request) => {
      if (request.url.endsWith("/done")) return Response.json({ done });
      EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(resolve, 50)).then(() => { done = true; }));
      EdgeRuntime.waitUntil(Promise.reject(new Error("a background task failed")));
      return Response.json({ done });
    });`,
  "stuck/index.ts": `
    Deno.serve((request) => {
      if (request.url.endsWith("/loop")) for (;;);
      return new Response("free");
    });`,
  "hasty/index.ts": `Deno.serve(() => new Response("no", { status: 413 }));`,
  "throws/index.ts": `Deno.serve(() => { throw new Error("told only to the log"); });`,
  "off/index.ts": `Deno.serve(() => new Response("never"));`,
};

let folder: string;
let root: string;
let runtime: FunctionsRuntime;
const logged: string[] = [];

const write = async (path: string, text: string) => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};

const call = (path: string, init: RequestInit = {}) =>
  runtime.fetch(new Request(`http://127.0.0.1:54321/functions/v1/${path}`, init));

/** Waits until `read` gives something, as long as a test may take. */
const eventually = async <T>(read: () => Promise<T | undefined>): Promise<T> => {
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "functions-")));
  root = join(folder, "supabase", "functions");
  for (const [path, text] of Object.entries(functions)) await write(path, text);
  await write(".env", "MY_SECRET=from the file\nSUPABASE_URL=http://forged\nSHARED=file\n");
  const open = { verify_jwt: false };
  runtime = await createFunctionsRuntime({
    root,
    config: {
      echo: open,
      greeter: open,
      crasher: open,
      broken: open,
      silent: open,
      drip: open,
      later: open,
      stuck: open,
      throws: open,
      hasty: open,
      off: { enabled: false },
      named: { verify_jwt: false, entrypoint: "./functions/greeter/index.ts" },
    },
    env: { SUPABASE_URL: "http://127.0.0.1:54321", SHARED: "stack" },
    verifyToken: async (token) => {
      if (!token.endsWith(".genuine")) throw new Error("no");
      return { sub: "ada" };
    },
    log: (message) => logged.push(message),
    limits: { answer: 2_000 },
  });
});

afterAll(async () => {
  await runtime.stop();
  await rm(folder, { recursive: true });
});

describe("a request", () => {
  it("reaches its function with method, path, query, body and where it came in", async () => {
    const response = await call("echo/deep/path?x=1&y=%20", { method: "PUT", body: "hällo" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      method: "PUT",
      url: "http://127.0.0.1:54321/echo/deep/path?x=1&y=%20",
      path: "/echo/deep/path?x=1&y=%20",
      body: "hällo",
      forwarded: "/functions/v1/echo/deep/path",
    });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  it("sees the declared variables and secrets, and nothing else of the machine", async () => {
    const { environment } = await (await call("echo")).json();
    expect(environment).toEqual({
      SUPABASE_URL: "http://127.0.0.1:54321",
      MY_SECRET: "from the file",
      SHARED: "file",
      SB_REGION: "local",
      SB_EXECUTION_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("gets the answer while it is still being written", async () => {
    const response = await call("drip");
    const started = performance.now();
    const times: [string, number][] = [];
    for await (const chunk of response.body ?? []) {
      times.push([new TextDecoder().decode(chunk), performance.now() - started]);
    }
    expect(times.map(([text]) => text)).toEqual(["first", "last"]);
    expect(times[1]?.[1]).toBeGreaterThan((times[0]?.[1] ?? 0) + 150);
  });

  it("hands a streamed body on as a stream", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        sent += 1;
        if (sent > 3) controller.close();
        else controller.enqueue(new Uint8Array(1000));
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    const { chunks } = await (await call("drip", init)).json();
    expect(chunks).toBeGreaterThan(1);
  });

  it("may be sent to its end although the function has answered already", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        if (sent > 160) controller.close();
        else controller.enqueue(new Uint8Array(65_536));
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    const response = await call("hasty", init);
    expect([response.status, await response.text()]).toEqual([413, "no"]);
    await eventually(async () => (sent > 160 ? true : undefined));
  });

  it("to a function that does not exist, is switched off or is shared code is a 404", async () => {
    for (const name of ["nothing", "off", "_shared", "..%2Fsecrets", ""]) {
      const response = await call(name);
      expect([name, response.status]).toEqual([name, 404]);
      expect(await response.json()).toEqual({
        code: "NOT_FOUND",
        message: "Requested function was not found",
      });
    }
  });

  it("finds a function whose block names another entrypoint", async () => {
    expect(await (await call("named")).text()).toBe("one");
  });
});

describe("verify_jwt", () => {
  const genuine = `${btoa('{"alg":"HS256"}')}.e30.genuine`;
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  it("lets a genuine token and a preflight pass", async () => {
    expect(await (await call("private", bearer(genuine))).text()).toBe("in");
    expect((await call("private", { method: "OPTIONS" })).status).toBe(200);
  });

  it.each([
    ["no header", {}, "UNAUTHORIZED_NO_AUTH_HEADER"],
    ["a publishable key", bearer("sb_publishable_x"), "UNAUTHORIZED_INVALID_JWT_FORMAT"],
    ["a forged token", bearer(genuine.replace("genuine", "forged")), "UNAUTHORIZED_LEGACY_JWT"],
    [
      "a foreign algorithm",
      bearer(`${btoa('{"alg":"none"}')}.e30.x`),
      "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
    ],
  ])("refuses %s", async (_what, init, code) => {
    const response = await call("private", init);
    expect(response.status).toBe(401);
    expect(response.headers.get("sb-error-code")).toBe(code);
    expect(await response.json()).toMatchObject({ code, message: expect.any(String) });
  });
});

describe("a function that fails", () => {
  it("answers 500 when its handler throws, and says why only in the log", async () => {
    const response = await call("throws");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("told only");
    await expect.poll(() => logged.join("\n"), { timeout: 10_000 }).toContain("[throws]");
  });

  it("costs only the request that killed it; the next one starts it anew", async () => {
    expect(await (await call("crasher")).json()).toEqual({ served: 1 });
    const response = await call("crasher/crash");
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: "WORKER_ERROR", function: "crasher" });
    expect(await (await call("crasher")).json()).toEqual({ served: 1 });
  });

  it("that cannot start is a 503 naming it, with the cause in the log", async () => {
    for (const name of ["broken", "silent"]) {
      const response = await call(name);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: "BOOT_ERROR", function: name });
    }
    await expect.poll(() => logged.join("\n")).toContain("missing.ts");
  });

  it("that hangs is a 504, and is replaced", async () => {
    expect(await (await call("stuck")).text()).toBe("free");
    const response = await call("stuck/loop");
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "IDLE_TIMEOUT" });
    expect(await (await call("stuck")).text()).toBe("free");
  }, 20_000);
});

describe("a change of files", () => {
  it("in shared code is what the next request runs", async () => {
    expect(await (await call("greeter")).text()).toBe("one");
    await write("_shared/greeting.ts", `export const greeting: string = "two";`);
    await eventually(async () =>
      (await (await call("greeter")).text()) === "two" ? true : undefined,
    );
  }, 20_000);

  it("mends a function that could not start", async () => {
    expect((await call("broken")).status).toBe(503);
    await write("broken/index.ts", `Deno.serve(() => new Response("mended"));`);
    const text = await eventually(async () => {
      const response = await call("broken");
      return response.status === 200 ? await response.text() : undefined;
    });
    expect(text).toBe("mended");
  }, 20_000);

  it("lets the old code finish the request it has begun", async () => {
    const response = await call("drip");
    await write("drip/index.ts", `Deno.serve(() => new Response("new"));`);
    expect(await response.text()).toBe("firstlast");
    await eventually(async () =>
      (await (await call("drip")).text()) === "new" ? true : undefined,
    );
  }, 20_000);
});

describe("EdgeRuntime.waitUntil", () => {
  it("goes on after the answer, and a task that fails harms nothing", async () => {
    expect(await (await call("later")).json()).toEqual({ done: false });
    const { done } = await eventually(async () => {
      const state = await (await call("later/done")).json();
      return state.done ? state : undefined;
    });
    expect(done).toBe(true);
    await expect.poll(() => logged.join("\n")).toContain("a background task failed");
  });
});

describe("the end of the stack", () => {
  const who = `
    Deno.serve((request) => {
      if (request.url.endsWith("/loop")) for (;;);
      return new Response(String(Deno.pid));
    });`;
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it.each(["idle", "looping"])(
    "ends %s functions when it stops",
    async (state) => {
      await write("who/index.ts", who);
      const own = await createFunctionsRuntime({
        root,
        config: { who: { verify_jwt: false } },
        env: {},
        verifyToken: async () => ({}),
        log: () => undefined,
      });
      const get = (path: string) => own.fetch(new Request(`http://127.0.0.1/functions/v1/${path}`));
      const pid = Number(await (await get("who")).text());
      expect(isAlive(pid)).toBe(true);
      const looping = state === "looping" ? get("who/loop") : undefined;
      await own.stop();
      expect(isAlive(pid)).toBe(false);
      expect((await looping)?.status ?? 502).toBe(502);
      expect((await get("who")).status).toBe(404);
    },
    20_000,
  );

  it.each(["idle", "looping"])(
    "takes %s functions with it, even by kill -9",
    async (state) => {
      const module = fileURLToPath(new URL("../../stack/functions/functions.ts", import.meta.url));
      await write(
        "who/index.ts",
        `
      Deno.serve((request) => {
        if (request.url.endsWith("/loop")) for (;;);
        return new Response(String(Deno.pid));
      });`,
      );
      await write(
        "../host.mts",
        `
      import { createFunctionsRuntime } from ${JSON.stringify(module)};
      const runtime = await createFunctionsRuntime({
        root: ${JSON.stringify(root)}, config: { who: { verify_jwt: false } }, env: {},
        verifyToken: async () => ({}), log: () => {},
      });
      const call = (path) => runtime.fetch(new Request("http://127.0.0.1/functions/v1/" + path));
      console.log(await (await call("who")).text());
      if (${JSON.stringify(state)} === "looping") call("who/loop");
      setInterval(() => {}, 1000);`,
      );
      const host = spawn(process.execPath, ["--import", "tsx", join(root, "../host.mts")], {
        stdio: ["ignore", "pipe", "inherit"],
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
      });
      const [line] = await once(host.stdout, "data");
      const pid = Number(String(line).trim());
      expect(isAlive(pid)).toBe(true);
      host.kill("SIGKILL");
      await eventually(async () => (isAlive(pid) ? undefined : true));
    },
    20_000,
  );
});
