import { execFile } from "node:child_process";
import { resolve } from "node:path";

export interface Ended {
  /** -1 when it did not end by itself. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** Beside the environment of the tests. */
  env?: NodeJS.ProcessEnv;
  /** What it reads from its standard input. */
  input?: string;
}

/** Runs a program to its end with nobody at the keyboard. */
export const run = (
  file: string,
  args: readonly string[],
  { cwd, env, input }: RunOptions = {},
): Promise<Ended> =>
  new Promise((done) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error ? -1 : 0;
      done({ code, stdout, stderr });
    });
    child.stdin?.end(input ?? "");
  });

/** Runs a TypeScript program of the project, named by its path there, as its npm script does. */
export const runProject = (
  path: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<Ended> =>
  run(process.execPath, [resolve("scripts/run.mjs"), resolve(path), ...args], options);
