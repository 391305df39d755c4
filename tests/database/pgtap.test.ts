import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectTo, openOwnDatabase } from "../support/own-database.ts";
import { readTap, type TapLine } from "../support/tap.ts";

const folder = join("supabase", "tests");

/**
 * Runs each file as psql would, as `postgres`, with the shared helpers inside its transaction; what
 * a file leaves behind is rolled back, and a file that fails half-way says so as a failed line.
 */
const runFiles = async (): Promise<[file: string, lines: TapLine[]][]> => {
  const database = await openOwnDatabase();
  await database.query("create extension if not exists pgtap with schema extensions");
  const { sql, end } = await connectTo(database);
  const helpers = await readFile(join(folder, "helpers.psql"), "utf8");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.sql")).sort();
  const results: [string, TapLine[]][] = [];
  try {
    for (const file of files) {
      const script = await readFile(join(folder, file), "utf8");
      const included = script.replace(/^\\ir helpers\.psql$/m, () => helpers);
      results.push([file, await run(`set search_path = public, extensions;\n${included}`)]);
    }
  } finally {
    await end();
    await database.close();
  }
  return results;

  async function run(script: string): Promise<TapLine[]> {
    const output: string[] = [];
    try {
      const statements = await sql.unsafe(script).simple();
      for (const rows of statements) {
        for (const row of [rows].flat()) output.push(String(Object.values(row)[0] ?? ""));
      }
      return readTap(output);
    } catch (error) {
      await sql.unsafe("rollback");
      const diagnostics = error instanceof Error ? error.message : String(error);
      return [{ name: "runs to its end", passed: false, diagnostics }];
    }
  }
};

describe.each(await runFiles())("%s", (_, lines) => {
  for (const { name, passed, diagnostics } of lines) {
    test(name, () => expect(passed, diagnostics).toBe(true));
  }
});
