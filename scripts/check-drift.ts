// Regenerates types/database.ts from a fresh database with the Supabase CLI and compares; with
// --write it replaces the file. Then runs the CLI's advisors on the same database.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { startStack } from "../stack/stack.ts";

const run = promisify(execFile);
const supabase = async (...args: string[]): Promise<string> => {
  const { stdout } = await run("npx", ["--no-install", "supabase", ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
};

const path = new URL("../types/database.ts", import.meta.url);
const stack = await startStack({ workdir: process.cwd(), port: 55421, memory: true });
try {
  const generated = await supabase(
    ...["gen", "types", "typescript", "--db-url", stack.urls.database, "--schema", "public"],
  );
  if (process.argv.includes("--write")) {
    await writeFile(path, generated);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== generated) {
    console.error("types/database.ts is out of date; run `npm run types:database` and commit it.");
    process.exitCode = 1;
  }
} finally {
  await stack.stop();
}
process.exit();
