import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { basename, dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { denoBinary } from "./deno-binary.ts";
import type { LocatedFunction } from "./locate.ts";
import { permissionFlags } from "./permissions.ts";

export interface DenoOptions {
  located: LocatedFunction;
  /** `node_modules` folder that npm packages come from; without one Deno fetches them itself. */
  modules: string | undefined;
  /** Everything that the function sees of an environment. */
  env: Record<string, string>;
  /** Largest JavaScript heap, in bytes. */
  memory: number;
}

export interface DenoProcess {
  child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What begins the lines of its standard output and the ids of requests that are ours; a secret. */
  mark: string;
}

const bootstrap = fileURLToPath(new URL("./bootstrap.mjs", import.meta.url));

/** Starts a function in a Deno of its own; `bootstrap.mjs` says what is spoken with it. */
export const startDeno = (options: DenoOptions): DenoProcess => {
  const mark = `@@${randomUUID()}`;
  const child = spawn(denoBinary(), flags(options), {
    // Ctrl-C reaches the stack alone, which then lets functions finish.
    detached: process.platform !== "win32",
    windowsHide: true,
    stdio: ["pipe", "pipe", "pipe"],
    // Where the edge runtime looks for static files.
    cwd: dirname(options.located.entrypoint),
    env: ownEnvironment(),
  });
  child.stdin.on("error", () => undefined);
  child.stdin.write(settings({ mark, env: options.env }));
  return { child, mark };
};

const flags = ({ located, modules, memory }: DenoOptions): string[] => [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-lock",
  ...permissionFlags(located, modules),
  `--v8-flags=--max-old-space-size=${Math.ceil(memory / 2 ** 20)}`,
  `--node-modules-dir=${modules ? "manual" : "none"}`,
  ...configFlags(located.configFile),
  `--preload=${bootstrap}`,
  located.entrypoint,
];

const configFlags = (file: string | undefined): string[] => {
  if (!file) return ["--no-config"];
  const isConfig = /^deno\.jsonc?$/.test(basename(file));
  return isConfig ? [`--config=${file}`] : ["--no-config", `--import-map=${file}`];
};

/** What Deno itself reads; the function does not get to see it. */
const ownEnvironment = (): Record<string, string> => {
  const { DENO_DIR, XDG_CACHE_HOME, LOCALAPPDATA, SystemRoot, TMPDIR } = process.env;
  return {
    HOME: homedir(),
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    ...(DENO_DIR ? { DENO_DIR } : {}),
    ...(XDG_CACHE_HOME ? { XDG_CACHE_HOME } : {}),
    ...(LOCALAPPDATA ? { LOCALAPPDATA } : {}),
    ...(SystemRoot ? { SystemRoot } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
  };
};

/** As the bootstrap reads them: eight digits that say how many bytes of JSON follow. */
const settings = (value: { mark: string; env: Record<string, string> }): Buffer => {
  const json = Buffer.from(JSON.stringify(value));
  return Buffer.concat([Buffer.from(String(json.byteLength).padStart(8, "0")), json]);
};
