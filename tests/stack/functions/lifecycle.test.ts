import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { aFolder, aProject, eventually, isAlive } from "./harness.ts";

const files = {
  "who/index.ts": `
    addEventListener("beforeunload", (event) => console.log("unloading:", event.detail.reason));
    const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    Deno.serve(async (request) => {
      if (request.url.endsWith("/loop")) for (;;);
      if (request.url.endsWith("/slow")) await later(700);
      if (request.url.endsWith("/task")) {
        EdgeRuntime.waitUntil(later(700).then(() => console.log("task done")));
      }
      if (request.url.endsWith("/endless")) EdgeRuntime.waitUntil(later(60_000));
      return new Response(String(Deno.pid));
    });`,
};

describe("the stack at rest", () => {
  it("runs no function that nobody has called", async () => {
    const project = await aProject(files);
    expect(project.logged).toEqual([]);
    await project.end();
    expect(project.logged).toEqual([]);
  });
});

describe("the end of the stack", () => {
  it.each(["idle", "looping"])("ends %s functions", async (state) => {
    const project = await aProject(files, { limits: { stopping: 500 } });
    const pid = Number(await (await project.call("who")).text());
    expect(isAlive(pid)).toBe(true);
    const looping = state === "looping" ? project.call("who/loop") : undefined;
    await project.runtime.stop();
    expect(isAlive(pid)).toBe(false);
    expect((await looping)?.status ?? 502).toBe(502);
    expect((await project.call("who")).status).toBe(404);
    await project.end();
  });

  it("lets requests and background tasks finish", async () => {
    const project = await aProject(files);
    await project.call("who/task");
    const slow = project.call("who/slow");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await project.runtime.stop();
    expect((await slow).status).toBe(200);
    expect(project.logged).toEqual(["[who] unloading: termination", "[who] task done"]);
    await project.end();
  });

  it("does not wait for ever", async () => {
    const project = await aProject(files, { limits: { stopping: 500 } });
    const pid = Number(await (await project.call("who/endless")).text());
    const started = performance.now();
    await project.runtime.stop();
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(isAlive(pid)).toBe(false);
    await project.end();
  });

  it.each(["idle", "looping"])("takes %s functions with it, even by kill -9", async (state) => {
    const { root, remove } = await aFolder(files);
    const program = ["scripts/run.mjs", "tests/stack/functions/host.ts", root, state];
    const host = spawn(process.execPath, program, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(host.stdout, "data");
    const pid = Number(String(line).trim());
    expect(isAlive(pid)).toBe(true);
    host.kill("SIGKILL");
    await eventually(async () => (isAlive(pid) ? undefined : true));
    await remove();
  });
});
