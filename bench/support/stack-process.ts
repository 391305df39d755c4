import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const Status = z.object({
  API_URL: z.string(),
  DB_URL: z.string(),
  SANDBOX_URL: z.string(),
  PUBLISHABLE_KEY: z.string(),
  SECRET_KEY: z.string(),
});
export type StackStatus = z.infer<typeof Status>;

export interface StackProcess {
  status: StackStatus;
  /** Resident memory of everything the start command runs, in MB. */
  residentMb(): number;
  stop(): Promise<void>;
}

/** Runs `npm start -- --json` as a person's shell would; resolves when it says that it is ready. */
export const startStackProcess = async (
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<StackProcess> => {
  const child = spawn("npm", ["start", "--silent", "--", "--json", ...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that stopping reaches everything in it.
    detached: true,
  });
  // Also when the benchmark itself breaks off.
  const kill = () => signalGroup(child, "SIGKILL");
  process.once("exit", kill);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = `${errors}${chunk}`.slice(-4000);
  });
  const status = await new Promise<StackStatus>((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const line = output.split("\n").find((text) => text.startsWith("{"));
      if (line && output.includes("\n")) resolve(Status.parse(JSON.parse(line)));
    });
    void exited.then(() => reject(new Error(`The stack ended before it was ready:\n${errors}`)));
  });
  return {
    status,
    residentMb: () => residentOf(child.pid ?? 0),
    stop: async () => {
      signalGroup(child, "SIGTERM");
      const isGone = await Promise.race([
        exited.then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 15_000).unref()),
      ]);
      if (!isGone) kill();
      await exited;
      process.off("exit", kill);
    },
  };
};

const signalGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
};

/** Sum over a process and its descendants; shared pages count in each. 0 where there is no /proc. */
const residentOf = (pid: number): number => {
  const parents = new Map<number, number>();
  const resident = new Map<number, number>();
  for (const name of safely(() => readdirSync("/proc"), [])) {
    const id = Number(name);
    if (!Number.isInteger(id)) continue;
    const status = safely(() => readFileSync(`/proc/${id}/status`, "utf8"), "");
    const [, parent] = /^PPid:\s+(\d+)/m.exec(status) ?? [];
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(status) ?? [];
    if (parent) parents.set(id, Number(parent));
    if (kilobytes) resident.set(id, Number(kilobytes));
  }
  const isOurs = (id: number): boolean => {
    for (let at: number | undefined = id; at; at = parents.get(at)) if (at === pid) return true;
    return false;
  };
  let total = 0;
  for (const [id, kilobytes] of resident) if (isOurs(id)) total += kilobytes;
  return Math.round(total / 1024);
};

const safely = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
