import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aFolder, aProject, eventually, type FunctionsProject, open } from "./harness.ts";

const greeter = `
  import { greeting } from "../_shared/greeting.ts";
  addEventListener("beforeunload", (event) => console.log("unloading:", event.detail.reason));
  Deno.serve((request) => {
    if (!request.url.endsWith("/task")) return new Response(greeting);
    EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(resolve, 500))
      .then(() => console.log("task done")));
    return new Response("accepted");
  });`;

const functions = {
  "_shared/greeting.ts": `export const greeting: string = "one";`,
  "greeter/index.ts": greeter,
  "neighbour/index.ts": `Deno.serve(() => new Response(String(Deno.pid)));`,
  "drip/index.ts": `
    Deno.serve(() => new Response(new ReadableStream({
      async start(controller) {
        const encoder = new TextEncoder();
        controller.enqueue(encoder.encode("first"));
        await new Promise((resolve) => setTimeout(resolve, 500));
        controller.enqueue(encoder.encode("last"));
        controller.close();
      },
    })));`,
  "reader/index.ts": `Deno.serve(() => new Response(Deno.env.get("MY_SECRET") ?? "unset"));`,
};

let project: FunctionsProject;
beforeAll(async () => {
  const names = Object.keys(functions).map((path) => path.split("/")[0] ?? "");
  project = await aProject(functions, {
    config: Object.fromEntries(names.map((name) => [name, open])),
  });
});
afterAll(() => project.end());

const text = async (path: string) => (await project.call(path)).text();
const becomes = (path: string, wanted: string) =>
  eventually(async () => ((await text(path)) === wanted ? true : undefined));

describe("a change of files", () => {
  it("in shared code is what the next request runs", async () => {
    expect(await text("greeter")).toBe("one");
    await project.write("_shared/greeting.ts", `export const greeting: string = "two";`);
    await becomes("greeter", "two");
  });

  it("in one function leaves the others running", async () => {
    // The change of shared code before this concerned all, and is told once more when it is quiet.
    await delay(200);
    const pid = await text("neighbour");
    await project.write("greeter/index.ts", greeter.replace("greeting)", '"three")'));
    await becomes("greeter", "three");
    expect(await text("neighbour")).toBe(pid);
  });

  it("lets the old code finish the request it has begun", async () => {
    const response = await project.call("drip");
    await project.write("drip/index.ts", `Deno.serve(() => new Response("new"));`);
    expect(await response.text()).toBe("firstlast");
    await becomes("drip", "new");
  });

  it("lets background tasks finish, and tells them of the end", async () => {
    await text("greeter/task");
    project.logged.length = 0;
    await project.write("greeter/index.ts", `Deno.serve(() => new Response("four"));`);
    await becomes("greeter", "four");
    await expect
      .poll(() => project.logged)
      .toEqual(["[greeter] unloading: termination", "[greeter] task done"]);
  });

  it("in .env is seen by the next request", async () => {
    expect(await text("reader")).toBe("unset");
    await project.write(".env", "MY_SECRET=from the file");
    await becomes("reader", "from the file");
    await project.write(".env", "MY_SECRET=changed");
    await becomes("reader", "changed");
  });

  it("is noticed in a folder that was made after the start", async () => {
    const { root, write, remove } = await aFolder({});
    await rm(root, { recursive: true });
    const late = await aProject({}, { root, config: { late: open } });
    await write("late/index.ts", `Deno.serve(() => new Response("one"));`);
    expect(await (await late.call("late")).text()).toBe("one");
    await write("late/index.ts", `Deno.serve(() => new Response("two"));`);
    await eventually(async () =>
      (await (await late.call("late")).text()) === "two" ? true : undefined,
    );
    await late.end();
    await remove();
  });

  it("while a function starts fails no request, and the last of many is what runs", async () => {
    await project.write("neighbour/index.ts", `Deno.serve(() => new Response("a"));`);
    for (const answer of ["b", "c", "d"]) {
      const during = Array.from({ length: 5 }, () => project.call("neighbour"));
      await project.write("neighbour/index.ts", `Deno.serve(() => new Response("${answer}"));`);
      expect(new Set((await Promise.all(during)).map(({ status }) => status))).toEqual(
        new Set([200]),
      );
    }
    await becomes("neighbour", "d");
  });
});
