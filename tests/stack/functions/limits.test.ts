import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aProject, eventually, type FunctionsProject, isAlive, readUntil } from "./harness.ts";

const worker = `
  const step = (request) => new URL(request.url).pathname.split("/")[2];
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  addEventListener("beforeunload", (event) => console.log("unloading:", event.detail.reason));
  const waited = async (milliseconds, answer) => {
    await later(milliseconds);
    return new Response(answer);
  };
`;

const functions = {
  "spins/index.ts": `${worker}
    Deno.serve((request) => {
      if (step(request) === "loop") for (;;);
      if (step(request) === "wait") return waited(60_000, "late");
      return new Response(String(Deno.pid));
    });`,
  "computes/index.ts": `${worker}
    const compute = async (milliseconds) => {
      for (let done = 0; done < milliseconds; done += 10) {
        const started = performance.now();
        while (performance.now() - started < 10);
        await later(0);
      }
    };
    Deno.serve(async (request) => {
      await compute(Number(step(request)));
      return new Response(String(Deno.pid));
    });`,
  "hungry/index.ts": `${worker}
    const eaten = [];
    Deno.serve(async (request) => {
      const megabytes = Number(step(request));
      for (let count = 0; count < megabytes; count++) {
        eaten.push(new Uint8Array(1024 * 1024).fill(1));
        if (count % 8 === 0) await later(10);
      }
      return new Response(String(Deno.pid));
    });`,
  "hoards/index.ts": `
    const hoard = [];
    Deno.serve((request) => {
      if (request.url.endsWith("/all")) for (;;) hoard.push({ more: [hoard.length] });
      return new Response("enough");
    });`,
  "slow/index.ts": `${worker}
    Deno.serve((request) => waited(Number(step(request)), String(Deno.pid)));`,
  "streams/index.ts": `${worker}
    Deno.serve(() => new Response(new ReadableStream({
      async start(controller) {
        for (;;) {
          controller.enqueue(new TextEncoder().encode("tick\\n"));
          await later(50);
        }
      },
    })));`,
  "rests/index.ts": `${worker}
    Deno.serve((request) => {
      if (step(request) === "task") EdgeRuntime.waitUntil(later(800).then(() => console.log("task done")));
      return new Response(String(Deno.pid));
    });`,
};

const exhausted = {
  code: "WORKER_RESOURCE_LIMIT",
  message: "Function failed due to not having enough compute resources (please check logs)",
};

describe("the CPU limit", () => {
  let project: FunctionsProject;
  beforeAll(async () => {
    project = await aProject(functions, { limits: { cpu: 600 } });
  });
  afterAll(() => project.end());

  it("ends a function in an endless loop, says so, and serves the next request", async () => {
    const first = await (await project.call("spins")).text();
    const response = await project.call("spins/loop");
    expect(response.status).toBe(546);
    expect(response.headers.get("sb-error-code")).toBe("WORKER_RESOURCE_LIMIT");
    expect(await response.json()).toEqual({ ...exhausted, function: "spins" });
    expect(project.logged.join("\n")).toContain("[spins] CPU time exceeded");
    expect(await (await project.call("spins")).text()).not.toBe(first);
  });

  it("costs a request that ran beside the loop an answer that says so", async () => {
    const beside = project.call("spins/wait");
    const [waited, looped] = await Promise.all([beside, project.call("spins/loop")]);
    expect([waited.status, looped.status]).toEqual([546, 546]);
    expect(await waited.json()).toMatchObject(exhausted);
  });

  it("loses no request that the looping function has not seen", async () => {
    await project.call("spins");
    const looping = project.call("spins/loop");
    // The first few reach the process that no longer listens; they and the others are answered.
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, 30 + index * 60));
        const body = `{"request": ${index}}`;
        return (await project.call("spins", { method: "POST", body })).status;
      }),
    );
    expect(answers).toEqual(Array(8).fill(200));
    expect((await looping).status).toBe(546);
  });

  it("counts what a request computes between waiting, too", async () => {
    expect((await project.call("computes/5000")).status).toBe(546);
    expect((await project.call("computes/100")).status).toBe(200);
  });

  it("counts per request: many short ones are no long one", async () => {
    for (let count = 0; count < 10; count++) {
      expect((await project.call("computes/100")).status).toBe(200);
    }
  });

  it("does not touch other functions", async () => {
    const other = project.call("slow/900");
    const looping = project.call("spins/loop");
    expect([(await other).status, (await looping).status]).toEqual([200, 546]);
  });
});

describe("the memory limit", () => {
  let project: FunctionsProject;
  beforeAll(async () => {
    project = await aProject(functions, { limits: { memory: 96 * 1024 * 1024, cpu: 20_000 } });
  });
  afterAll(() => project.end());

  it("ends a function that holds too many bytes, and serves the next request", async () => {
    const response = await project.call("hungry/400");
    expect([response.status, await response.json()]).toEqual([
      546,
      { ...exhausted, function: "hungry" },
    ]);
    expect(project.logged.join("\n")).toMatch(/\[hungry\] .*(Memory limit|out of memory)/i);
    expect((await project.call("hungry/1")).status).toBe(200);
  });

  it("ends a function that holds too many objects, and serves the next request", async () => {
    const response = await project.call("hoards/all");
    expect([response.status, (await response.json()).code]).toEqual([546, exhausted.code]);
    expect(await (await project.call("hoards")).text()).toBe("enough");
  });

  it("lets another worker take over once half of it is used", async () => {
    const first = await (await project.call("hungry/1")).text();
    await project.call("hungry/60");
    await eventually(async () =>
      (await (await project.call("hungry/0")).text()) === first ? undefined : true,
    );
    await expect.poll(() => project.logged.join("\n")).toContain("unloading: early_drop");
  });
});

describe("the limits of time", () => {
  let project: FunctionsProject;
  beforeAll(async () => {
    project = await aProject(functions, { limits: { answer: 700, wallClock: 4_000, idle: 400 } });
  });
  afterAll(() => project.end());

  it("give up a request that is not answered, without harm to those beside it", async () => {
    const tooSlow = project.call("slow/3000");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const inTime = project.call("slow/500");
    const response = await tooSlow;
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "IDLE_TIMEOUT", function: "slow" });
    expect((await inTime).status).toBe(200);
    expect(project.logged.join("\n")).toContain("[slow] A request was not answered within 700 ms");
  });

  it("end what streams for longer than a worker may live, and tell the function before", async () => {
    const response = await project.call("streams");
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(project.logged.join("\n")).toContain("[streams] unloading: wall_clock");
    expect(project.logged.join("\n")).toContain("[streams] Wall clock time exceeded");
    const next = await project.call("streams");
    const reader = next.body?.getReader();
    if (reader) expect(await readUntil(reader, /tick/)).toContain("tick");
    await reader?.cancel();
  });

  it("let another worker take over half-way, before a request meets the end", async () => {
    const pids = new Set<string>();
    const until = performance.now() + 5_000;
    while (performance.now() < until) {
      const response = await project.call("slow/100");
      expect(response.status).toBe(200);
      pids.add(await response.text());
    }
    expect(pids.size).toBeGreaterThan(1);
  });

  it("let a function go that nobody calls, but not its background tasks", async () => {
    const pid = Number(await (await project.call("rests/task")).text());
    await expect.poll(() => isAlive(pid)).toBe(false);
    const lines = project.logged.filter((line) => line.startsWith("[rests]"));
    expect(lines).toEqual(["[rests] task done", "[rests] unloading: early_drop"]);
  });
});
