import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aProject, type FunctionsProject, open } from "./harness.ts";

/** Runs what a request's body says, and answers with the outcome. */
const obeys = `
  const tries = {
    readHome: () => Deno.readTextFile(${JSON.stringify(join(homedir(), ".profile"))}),
    readStatic: () => Deno.readTextFile("./pages/hello.html"),
    writeHome: () => Deno.writeTextFile(${JSON.stringify(join(homedir(), "written"))}, "x"),
    writeTemporary: async () => {
      const file = await Deno.makeTempFile();
      await Deno.writeTextFile(file, "kept");
      return await Deno.readTextFile(file);
    },
    run: () => new Deno.Command("id").output(),
    load: () => Deno.dlopen("libc.so.6", {}),
    thread: () => new Worker("data:text/javascript,"),
    args: () => JSON.stringify(Deno.args),
    main: () => String(import.meta.main),
  };
  Deno.serve(async (request) => {
    try {
      return new Response(String(await tries[await request.text()]()));
    } catch (error) {
      return new Response(error.name, { status: 403 });
    }
  });`;

let project: FunctionsProject;
beforeAll(async () => {
  process.env.NOT_FOR_FUNCTIONS = "machine";
  project = await aProject(
    {
      "reader/index.ts": `Deno.serve(() => Response.json(Deno.env.toObject()));`,
      "own/index.ts": `Deno.serve(() => Response.json(Deno.env.toObject()));`,
      "obeys/index.ts": obeys,
      "obeys/pages/hello.html": "<h1>Hello</h1>",
      "mapped/index.ts": `import { value } from "mapped"; Deno.serve(() => new Response(value));`,
      "mapped/deno.json": `{ "imports": { "mapped": "./value.ts" } }`,
      "mapped/value.ts": `export const value: string = "by deno.json";`,
      "older/index.ts": `import { value } from "older"; Deno.serve(() => new Response(value));`,
      "older/import_map.json": `{ "imports": { "older": "../mapped/value.ts" } }`,
      ".env": "MY_SECRET=from the file\nSUPABASE_URL=http://forged\nSHARED=file\nNO_COLOR=mine\n",
    },
    {
      config: {
        reader: open,
        own: { ...open, env: { SHARED: "own", ONLY_HERE: "yes", SUPABASE_URL: "http://forged" } },
        obeys: { ...open, static_files: ["./functions/obeys/pages/*.html"] },
        mapped: open,
        older: open,
      },
      secrets: { SHARED: "config", FROM_CONFIG: "yes", SUPABASE_DB_URL: "forged" },
      env: (secrets) => ({
        SUPABASE_URL: "http://127.0.0.1:54321",
        SHARED: "stack",
        DERIVED: `of ${secrets.MY_SECRET}`,
      }),
    },
  );
});
afterAll(async () => {
  delete process.env.NOT_FOR_FUNCTIONS;
  await project.end();
});

describe("the environment of a function", () => {
  const platform = {
    SUPABASE_URL: "http://127.0.0.1:54321",
    SB_REGION: "local",
    SB_EXECUTION_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
  };

  it("holds the platform's variables and the secrets, and nothing else of the machine", async () => {
    expect(await (await project.call("reader")).json()).toEqual({
      ...platform,
      SUPABASE_FUNCTION_SLUG: "reader",
      MY_SECRET: "from the file",
      FROM_CONFIG: "yes",
      SHARED: "file",
      DERIVED: "of from the file",
      NO_COLOR: "mine",
    });
  });

  it("takes variables for one function from its block", async () => {
    expect(await (await project.call("own")).json()).toMatchObject({
      ...platform,
      SUPABASE_FUNCTION_SLUG: "own",
      SHARED: "own",
      ONLY_HERE: "yes",
    });
  });

  it("leaves names of the platform to the platform, and says so once", async () => {
    await project.call("reader");
    await project.call("own");
    const complaints = project.logged.filter((line) => line.startsWith("Env name cannot start"));
    expect(complaints.sort()).toEqual([
      "Env name cannot start with SUPABASE_, skipping: SUPABASE_DB_URL",
      "Env name cannot start with SUPABASE_, skipping: SUPABASE_URL",
    ]);
  });
});

describe("a function", () => {
  const attempt = async (what: string) => {
    const response = await project.call("obeys", { method: "POST", body: what });
    return [response.status, await response.text()];
  };

  it.each(["readHome", "writeHome", "run", "load", "thread"])("may not %s", async (what) => {
    expect((await attempt(what))[0]).toBe(403);
  });

  it("may write and read temporary files, and read its static ones", async () => {
    expect(await attempt("writeTemporary")).toEqual([200, "kept"]);
    expect(await attempt("readStatic")).toEqual([200, "<h1>Hello</h1>"]);
  });

  it("sees nothing of how it is run", async () => {
    expect(await attempt("args")).toEqual([200, "[]"]);
    expect(await attempt("main")).toEqual([200, "true"]);
  });

  it("imports by its own deno.json or import map", async () => {
    expect(await (await project.call("mapped")).text()).toBe("by deno.json");
    expect(await (await project.call("older")).text()).toBe("by deno.json");
  });
});
