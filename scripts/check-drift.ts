// What a fresh database says about the project: types/database.ts is what the Supabase CLI
// generates from it (--write replaces the file), and the CLI's advisors find nothing.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { startStack } from "../stack/stack.ts";

const run = promisify(execFile);

const supabase = async (...args: string[]): Promise<string> => {
  const { stdout } = await run("npx", ["--no-install", "supabase", ...args], {
    maxBuffer: 64 * 1024 * 1024,
    // The database speaks plain text on loopback; without this the CLI says so in its output.
    env: { ...process.env, PGSSLMODE: "disable" },
  });
  return stdout;
};

/** Findings that are right and stay, by cache key, each with its reason; none so far. */
const accepted = new Map<string, string>();

const Findings = z.array(
  z.object({ level: z.string(), detail: z.string(), cache_key: z.string() }),
);

const checkTypes = async (databaseUrl: string): Promise<string[]> => {
  const path = new URL("../types/database.ts", import.meta.url);
  const generated = await supabase(
    ...["gen", "types", "typescript", "--db-url", databaseUrl, "--schema", "public"],
  );
  if (process.argv.includes("--write")) {
    await writeFile(path, generated);
    return [];
  }
  if ((await readFile(path, "utf8").catch(() => "")) === generated) return [];
  return ["types/database.ts is out of date; run `npm run types:database` and commit it."];
};

const checkAdvisors = async (databaseUrl: string): Promise<string[]> => {
  const output = await supabase(
    ...["db", "advisors", `--remote=${databaseUrl}`, "--level", "warn", "--fail-on", "none"],
    ...["--output", "json"],
  );
  const json = output.slice(output.indexOf("["), output.lastIndexOf("]") + 1);
  return Findings.parse(json ? JSON.parse(json) : [])
    .filter((finding) => !accepted.has(finding.cache_key))
    .map((finding) => `${finding.level}: ${finding.detail} (${finding.cache_key})`);
};

const stack = await startStack({ workdir: process.cwd(), port: 25921, memory: true });
try {
  const problems = [
    ...(await checkTypes(stack.urls.database)),
    ...(await checkAdvisors(stack.urls.database)),
  ];
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  await stack.stop();
}
process.exit();
