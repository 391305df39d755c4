import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aProject, eventually, type FunctionsProject, isAlive } from "./harness.ts";

const functions = {
  "throws/index.ts": `Deno.serve(() => { throw new Error("told only to the log"); });`,
  "unhandled/index.ts": `
    let served = 0;
    Deno.serve((request) => {
      if (request.url.endsWith("/crash")) {
        setTimeout(() => { throw new Error("outside of any request"); });
        return new Promise(() => {});
      }
      served += 1;
      return Response.json({ served });
    });`,
  "unbootable/index.ts": `
    console.log("booting");
    throw new Error("at the top of the module");`,
  "unfound/index.ts": `import "./missing.ts";`,
  "silent/index.ts": `export const nothing = true;`,
  "sudden/index.ts": `
    Deno.serve(() => new Response("never"));
    setTimeout(() => { throw new Error("right after the start"); });`,
  "clings/index.ts": `
    Deno.serve((request) => {
      if (request.url.endsWith("/wait")) return new Promise(() => {});
      if (request.url.endsWith("/stream")) return new Response(new ReadableStream({
        start(controller) { controller.enqueue(new TextEncoder().encode("begun")); },
      }));
      Deno.exit(3);
      Deno.kill(Deno.pid, "SIGKILL");
      return new Response(String(Deno.pid));
    });`,
};

let project: FunctionsProject;
beforeAll(async () => {
  project = await aProject(functions);
});
afterAll(() => project.end());

describe("a function that fails", () => {
  it("answers 500 when its handler throws, and says why only in the log", async () => {
    const response = await project.call("throws");
    expect(response.status).toBe(500);
    expect(response.headers.get("sb-error-code")).toBe("EDGE_FUNCTION_ERROR");
    expect(await response.text()).toBe("Internal Server Error");
    await expect.poll(() => project.logged.join("\n")).toMatch(/\[throws\] .*told only to the log/);
  });

  it("outside its handlers costs only the requests it worked on; the next starts it anew", async () => {
    expect(await (await project.call("unhandled")).json()).toEqual({ served: 1 });
    const response = await project.call("unhandled/crash");
    expect(response.status).toBe(500);
    expect(response.headers.get("sb-error-code")).toBe("WORKER_ERROR");
    expect(await response.json()).toEqual({
      code: "WORKER_ERROR",
      message: "Function exited due to an error (please check logs)",
      function: "unhandled",
    });
    expect(await (await project.call("unhandled")).json()).toEqual({ served: 1 });
  });

  it("to start is a 503 that names it, with the cause in the log", async () => {
    for (const name of ["unbootable", "unfound", "silent"]) {
      const response = await project.call(name);
      expect([name, response.status]).toEqual([name, 503]);
      expect(await response.json()).toEqual({
        code: "BOOT_ERROR",
        message: "Function failed to start (please check logs)",
        function: name,
      });
    }
    const log = project.logged.join("\n");
    expect(log).toContain("at the top of the module");
    expect(log).toContain("missing.ts");
    expect(log).toContain("[silent] It neither calls Deno.serve nor exports a default fetch.");
  });

  it("to start again and again is given pauses, and tried again after them", async () => {
    const boots = () => project.logged.filter((line) => line === "[unbootable] booting").length;
    const calls = async (count: number) => {
      const answers: Response[] = [];
      for (let call = 0; call < count; call++) answers.push(await project.call("unbootable"));
      return answers;
    };
    const answers = await calls(30);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(boots()).toBeLessThan(10);
    expect(Number(answers.at(-1)?.headers.get("retry-after"))).toBeGreaterThan(0);
    const before = boots();
    await eventually(async () => {
      await calls(1);
      return boots() > before ? true : undefined;
    });
  });

  it("right after each start is given pauses, too", async () => {
    const statuses = new Set<number>();
    for (let call = 0; call < 20; call++) statuses.add((await project.call("sudden")).status);
    expect([...statuses].every((status) => status >= 500)).toBe(true);
    const crashes = project.logged.filter((line) => line.includes("right after the start"));
    expect(crashes.length).toBeLessThan(12);
  });

  it("starts at once when it was mended", async () => {
    await project.write("unbootable/index.ts", `Deno.serve(() => new Response("mended"));`);
    const text = await eventually(async () => {
      const response = await project.call("unbootable");
      return response.status === 200 ? await response.text() : undefined;
    });
    expect(text).toBe("mended");
  });
});

describe("a function whose process is killed", () => {
  const pidOf = async () => Number(await (await project.call("clings")).text());

  it("cannot be killed by itself", async () => {
    expect(isAlive(await pidOf())).toBe(true);
  });

  it("gives what it worked on a clean error, and is there again for the next request", async () => {
    const pid = await pidOf();
    const waiting = [project.call("clings/wait"), project.call("clings/wait")];
    const stream = await project.call("clings/stream");
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid, "SIGKILL");
    for (const response of await Promise.all(waiting)) {
      expect(response.status).toBe(502);
      expect(response.headers.get("sb-error-code")).toBe("WORKER_TERMINATED");
      expect(await response.json()).toMatchObject({
        code: "WORKER_TERMINATED",
        function: "clings",
      });
    }
    await expect(stream.text()).rejects.toThrow();
    const next = await pidOf();
    expect(next).not.toBe(pid);
  });

  it("loses nothing of what it had not begun, however often it is killed", async () => {
    for (let round = 0; round < 3; round++) {
      const pid = await pidOf();
      process.kill(pid, "SIGKILL");
      const answers = await Promise.all(
        Array.from({ length: 5 }, () =>
          project.call("clings", { method: "POST", body: "x".repeat(100_000) }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    }
  });

  it("does not harm other functions", async () => {
    const pid = await pidOf();
    const other = project.call("unhandled");
    process.kill(pid, "SIGKILL");
    expect((await other).status).toBe(200);
  });
});
