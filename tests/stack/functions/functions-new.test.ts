import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objection } from "../../../scripts/functions-new/names.ts";
import { type Ended, run, runProject } from "../../support/program.ts";

/** A copy of what the command reads and writes, so that the project itself stays as it is. */
let copy: string;
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "functions-new-"));
  for (const path of ["supabase", "biome.json", "tests/functions/documents.ts"]) {
    await cp(path, join(copy, path), { recursive: true });
  }
  const { compilerOptions } = JSON.parse(await readFile("tsconfig.json", "utf8"));
  const include = ["tests", "supabase/functions/_shared/contracts"];
  await writeFile(join(copy, "tsconfig.json"), JSON.stringify({ compilerOptions, include }));
  await writeFile(join(copy, ".gitignore"), "node_modules\n");
  await writeFile(join(copy, "vitest.config.ts"), "export default {};\n");
  await symlink(join(process.cwd(), "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rm(copy, { recursive: true }));

const shown = async (ended: Promise<Ended>) => {
  const { code, stdout, stderr } = await ended;
  return { code, output: `${stdout}${stderr}` };
};
const inCopy = (command: string, ...args: string[]) =>
  shown(run(resolve("node_modules/.bin", command), args, { cwd: copy }));
const create = (...args: string[]) =>
  shown(runProject("scripts/functions-new.ts", args, { cwd: copy }));
const read = (path: string) => readFile(join(copy, path), "utf8");

describe("npm run functions:new", () => {
  const long = "a-function-with-a-name-as-long-as-names-may-ever";

  it("writes a function whose parts are where the house has them", async () => {
    expect((await create("gift-cards")).code).toBe(0);
    expect((await create(long)).code).toBe(0);
    expect(await read("supabase/functions/gift-cards/index.ts")).toContain("Deno.serve(");
    expect(await read("supabase/config.toml")).toContain(
      '\n[functions.gift-cards]\nverify_jwt = true\nimport_map = "./functions/deno.json"\n',
    );
    const contracts = (await read("supabase/functions/_shared/contracts/index.ts")).split("\n");
    expect(contracts).toContain('export * from "./gift-cards.ts";');
    expect(contracts.slice(0, -1)).toEqual([...contracts.slice(0, -1)].sort());
  });

  it("writes what passes every check, its own test included", async () => {
    const checks = [
      await inCopy("biome", "check", "--error-on-warnings", "supabase/functions", "tests"),
      await inCopy(
        ...["deno", "check", "--config", "supabase/functions/deno.json"],
        ...["--node-modules-dir=manual", "supabase/functions/gift-cards/index.ts"],
        `supabase/functions/${long}/index.ts`,
      ),
      await inCopy("deno", "lint", "--quiet", "supabase/functions"),
      await inCopy("tsc", "--noEmit", "-p", "."),
      await inCopy("vitest", "run", "--root", ".", "tests/functions"),
    ];
    for (const { code, output } of checks) expect([output, code]).toEqual([output, 0]);
    expect(checks.at(-1)?.output).toMatch(/2 passed/);
  });

  it.each([
    ["", /^Name the function: npm run functions:new NAME$/],
    ["Gift_Cards", /is no name for a function; use lower-case words joined by hyphens/],
    ["../escape", /is no name for a function/],
    ["2fast", /is no name for a function/],
    [`${long}-x`, /is too long/],
    ["checkout", /taken: supabase\/functions\/checkout exists/],
    ["contracts", /taken: supabase\/functions\/_shared\/contracts exists/],
    ["run-jobs", /taken: supabase\/functions\/_shared\/contracts\/jobs.ts has a contract/],
  ])("refuses %j with a sentence that says why", async (name, sentence) => {
    expect(await objection(copy, name)).toMatch(sentence);
  });

  it("writes nothing when it refuses", async () => {
    const before = await read("supabase/config.toml");
    const { code, output } = await create("gift-cards");
    expect([code, output]).toEqual([1, expect.stringContaining("is taken")]);
    expect(await read("supabase/config.toml")).toBe(before);
  });
});
