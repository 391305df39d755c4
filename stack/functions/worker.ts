import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { AnswerCode } from "./answers.ts";
import { denoBinary } from "./deno-binary.ts";
import type { Reaper } from "./reaper.ts";

export interface WorkerOptions {
  name: string;
  entrypoint: string;
  /** The function's `deno.json` or import map, if it has one. */
  configFile: string | undefined;
  /** `node_modules` folder that npm packages come from; without one Deno fetches them itself. */
  modules: string | undefined;
  /** Folders that the function may read. */
  readable: readonly string[];
  /** Everything that the function sees of an environment. */
  env: Record<string, string>;
  /** Longest time to start, in milliseconds. */
  bootLimit: number;
  reaper: Reaper;
  log(message: string): void;
}

/** Why there is no worker, or no more. */
export class WorkerGone extends Error {
  override name = "WorkerGone";
  readonly code: AnswerCode;

  constructor(code: AnswerCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** One function in one Deno process. */
export interface Worker {
  /** The port it serves on; rejects with `WorkerGone` when it does not start. */
  port: Promise<number>;
  /** Why the process ended, once it has. */
  exited: Promise<WorkerGone>;
  isRunning(): boolean;
  /** Lets it finish what it does, background tasks included, within `grace` milliseconds. */
  retire(grace: number): Promise<void>;
  kill(): void;
}

const bootstrap = fileURLToPath(new URL("./bootstrap.mjs", import.meta.url));

/** Memory of a function on Supabase, in MiB. */
const heap = 256;

export const startWorker = (options: WorkerOptions): Worker => {
  const mark = `@@${randomUUID()}`;
  const child = spawn(denoBinary(), flags(options, mark), {
    // Ctrl-C reaches the stack alone, which then lets functions finish.
    detached: process.platform !== "win32",
    windowsHide: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...denoEnvironment(), ...options.env },
  });
  child.stdin.on("error", () => undefined);
  if (child.pid) options.reaper.watch(child.pid);

  let isRunning = true;
  let isOutOfMemory = false;
  const log = (line: string) => options.log(`[${options.name}] ${line}`);
  const lines = (stream: Readable, take: (line: string) => void) =>
    createInterface({ input: stream }).on("line", take);

  const exited = new Promise<WorkerGone>((resolve) => {
    const end = (reason: string) => {
      isRunning = false;
      if (child.pid) options.reaper.forget(child.pid);
      resolve(new WorkerGone(isOutOfMemory ? "WORKER_LIMIT" : "WORKER_ERROR", reason));
    };
    child.once("error", (error) => end(`Deno cannot be started: ${error.message}`));
    child.once("close", (code, signal) => end(`The process ended with ${signal ?? code}.`));
  });

  const port = new Promise<number>((resolve, reject) => {
    const fail = (reason: string) => reject(new WorkerGone("BOOT_ERROR", reason));
    const timer = setTimeout(() => {
      fail("It took too long to start.");
      child.kill("SIGKILL");
    }, options.bootLimit);
    lines(child.stdout, (line) => {
      if (!line.startsWith(mark)) return log(line);
      clearTimeout(timer);
      const [, word, value] = line.split(" ");
      if (word === "ready") return resolve(Number(value));
      fail("It neither calls Deno.serve nor exports a default fetch.");
      child.kill("SIGKILL");
    });
    lines(child.stderr, (line) => {
      if (/out of memory|heap limit/i.test(line)) isOutOfMemory = true;
      log(line);
    });
    exited.then((gone) => {
      clearTimeout(timer);
      reject(new WorkerGone(isOutOfMemory ? "WORKER_LIMIT" : "BOOT_ERROR", gone.message));
    });
  });
  // Whoever waits for the port hears of a failure; nobody may be waiting.
  port.catch((error: unknown) => log(error instanceof Error ? error.message : String(error)));

  return {
    port,
    exited,
    isRunning: () => isRunning,
    retire: (grace) => retire(child, exited, grace),
    kill: () => void child.kill("SIGKILL"),
  };
};

const retire = async (
  child: ChildProcess,
  exited: Promise<unknown>,
  grace: number,
): Promise<void> => {
  child.stdin?.write("drain\n");
  const timer = setTimeout(() => child.kill("SIGKILL"), grace);
  await exited;
  clearTimeout(timer);
};

const flags = (options: WorkerOptions, mark: string): string[] => [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-lock",
  "--allow-net",
  "--allow-env",
  "--allow-sys",
  `--allow-read=${[...options.readable, tmpdir()].join(",")}`,
  `--allow-write=${tmpdir()}`,
  `--v8-flags=--max-old-space-size=${heap}`,
  `--node-modules-dir=${options.modules ? "manual" : "none"}`,
  ...(options.configFile ? [`--config=${options.configFile}`] : ["--no-config"]),
  bootstrap,
  pathToFileURL(options.entrypoint).href,
  mark,
  JSON.stringify(Object.keys(options.env)),
];

/** What Deno itself reads; the function does not get to see it. */
const denoEnvironment = (): Record<string, string> => {
  const { DENO_DIR, XDG_CACHE_HOME, LOCALAPPDATA, SystemRoot } = process.env;
  return {
    HOME: homedir(),
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    ...(DENO_DIR ? { DENO_DIR } : {}),
    ...(XDG_CACHE_HOME ? { XDG_CACHE_HOME } : {}),
    ...(LOCALAPPDATA ? { LOCALAPPDATA } : {}),
    ...(SystemRoot ? { SystemRoot } : {}),
  };
};
