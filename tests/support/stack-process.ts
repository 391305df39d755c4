import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { startReaper } from "../../stack/functions/reaper.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const Status = z.object({
  API_URL: z.string(),
  DB_URL: z.string(),
  STUDIO_URL: z.string(),
  MAILPIT_URL: z.string(),
  SANDBOX_URL: z.string(),
  PAGES_URL: z.string(),
  PUBLISHABLE_KEY: z.string(),
  SECRET_KEY: z.string(),
  JWT_SECRET: z.string(),
});

/** How a start that refused has ended: its exit code, null when a signal ended it. */
interface Refusal {
  code: number | null;
  stderr: string;
}

export interface StackProcess {
  status: z.infer<typeof Status>;
  child: ChildProcess;
  /** Sends the signal and resolves with the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** V8 runs it as it runs the tests. */
const launch = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
  const child = spawn(
    process.execPath,
    [...process.execArgv, "scripts/run.mjs", "stack/start.ts", "--json", ...args],
    {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  // It does not outlive the tests, however these end.
  const { pid } = child;
  const reaper = startReaper();
  if (pid) reaper.watch(pid);
  const exited = new Promise<Refusal>((resolve) => {
    child.once("exit", (code) => {
      if (pid) reaper.forget(pid);
      reaper.stop();
      resolve({ code, stderr });
    });
  });
  return { child, exited };
};

/** Starts the stack as a program of its own, as `npm start -- --json` does. */
export const startProcess = async (
  args: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<StackProcess> => {
  const { child, exited } = launch(args, environment);
  const line = new Promise<string>((resolve) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
  });
  const failed = exited.then(({ code, stderr }) => {
    throw new Error(`the stack ended with ${code}: ${stderr}`);
  });
  const status = Status.parse(JSON.parse(await Promise.race([line, failed])));
  failed.catch(() => undefined);
  return {
    status,
    child,
    end: async (signal) => {
      child.kill(signal);
      return (await exited).code;
    },
  };
};

/** Runs the stack where it is expected to refuse: resolves with exit code and what it said. */
export const refusedStart = (
  args: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<Refusal> => launch(args, environment).exited;
