import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  createFunctionsRuntime,
  type FunctionsOptions,
  type FunctionsRuntime,
} from "../../../stack/functions/functions.ts";

export interface FunctionsProject {
  /** The project's `supabase/functions` folder. */
  root: string;
  runtime: FunctionsRuntime;
  /** Every line that the functions and their platform logged. */
  logged: string[];
  /** Writes a file, its path relative to `root`. */
  write(path: string, text: string): Promise<void>;
  /** Calls `/functions/v1/PATH`. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Stops the runtime and deletes the files. */
  end(): Promise<void>;
}

/** Lets everybody in, so that tests of other things need no token. */
export const open = { verify_jwt: false };

/** An empty folder for functions; `files` are paths in `supabase/functions` and their text. */
export const aFolder = async (files: Record<string, string>) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "functions-")));
  const root = join(folder, "supabase", "functions");
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await mkdir(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return { root, write, remove: () => rm(folder, { recursive: true }) };
};

/** Functions in a folder of their own, served by a runtime of their own; each may be called by all. */
export const aProject = async (
  files: Record<string, string>,
  options: Partial<FunctionsOptions> = {},
): Promise<FunctionsProject> => {
  const { root, write, remove } = await aFolder(files);
  const logged: string[] = [];
  const names = Object.keys(files).map((path) => path.split("/")[0] ?? "");
  const runtime = await createFunctionsRuntime({
    root,
    config: Object.fromEntries(names.map((name) => [name, open])),
    env: () => ({}),
    verifyToken: async () => ({}),
    log: (message) => void logged.push(message),
    ...options,
  });
  return {
    root,
    runtime,
    logged,
    write,
    call: (path, init = {}) =>
      runtime.fetch(new Request(`http://127.0.0.1:54321/functions/v1/${path}`, init)),
    end: async () => {
      await runtime.stop();
      await remove();
    },
  };
};

/** Waits until `read` gives something, as long as a test may take. */
export const eventually = async <T>(read: () => Promise<T | undefined>): Promise<T> => {
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Reads a stream until its text matches. */
export const readUntil = async (
  reader: ReadableStreamDefaultReader<Uint8Array>,
  wanted: RegExp,
): Promise<string> => {
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended before ${wanted}: ${text}`);
    text += decoder.decode(value, { stream: true });
    if (wanted.test(text)) return text;
  }
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
