import { execFile } from "node:child_process";
import { resolve } from "node:path";

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export const run = (
  file: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> =>
  new Promise((done) => {
    const { cwd, env } = options;
    execFile(file, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error ? -1 : 0;
      done({ code, stdout, stderr });
    });
  });

/** Runs a TypeScript program of the project, named by its path there, as its npm script does. */
export const runProject = (
  path: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> =>
  run(process.execPath, [resolve("scripts/run.mjs"), resolve(path), ...args], options);
