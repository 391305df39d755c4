import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** What a process has used so far. */
export interface ProcessUsage {
  /** Milliseconds of CPU time; on Linux those of its main thread, which is the one that runs JavaScript. */
  cpu: number;
  /** Bytes of memory it holds. */
  memory: number;
}

/** Reads what a process uses; undefined when it is gone, or where the system does not say (Windows). */
export const readUsage = async (pid: number): Promise<ProcessUsage | undefined> => {
  try {
    if (process.platform === "linux") return await fromProc(pid);
    return process.platform === "win32" ? undefined : await fromPs(pid);
  } catch {
    return undefined;
  }
};

/** Linux counts CPU time in hundredths of a second towards programs, whatever its own clock. */
const millisecondsPerTick = 10;

const fromProc = async (pid: number): Promise<ProcessUsage> => {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/task/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/status`, "utf8"),
  ]);
  // The name in parentheses may hold anything, so fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
  return { cpu: ticks * millisecondsPerTick, memory: Number(kilobytes) * 1024 };
};

const run = promisify(execFile);

const fromPs = async (pid: number): Promise<ProcessUsage> => {
  const { stdout } = await run("ps", ["-o", "time=,rss=", "-p", String(pid)]);
  const [time = "0", kilobytes = "0"] = stdout.trim().split(/\s+/);
  const seconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpu: seconds * 1000, memory: Number(kilobytes) * 1024 };
};
