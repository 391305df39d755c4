import type { Limits } from "./limits.ts";
import { type ProcessUsage, readUsage } from "./process-usage.ts";

/** What runs out; the words of `beforeunload`. */
export type Resource = "cpu" | "memory" | "wall_clock";

/** CPU time in milliseconds, charged to one request or to what a worker does besides. */
export interface Account {
  cpu: number;
}

export interface Watched {
  pid: number;
  limits: Limits;
  /** Requests that the function works on; when there are none, the time goes to `background`. */
  running(): readonly Account[];
  background: Account;
  /** Called again and again with the share of its limit that a resource has used: 1 is all of it. */
  report(resource: Resource, share: number): void;
}

/**
 * Watches what a worker uses from outside, since a worker in an endless loop cannot watch itself.
 * Requests that run beside each other share the time that passes: nobody can tell them apart.
 */
export const startWatchdog = ({ pid, limits, ...watched }: Watched): { stop(): void } => {
  const started = performance.now();
  let base: ProcessUsage | undefined;
  let charged = 0;
  let isLooking = false;

  const look = async () => {
    watched.report("wall_clock", (performance.now() - started) / limits.wallClock);
    const usage = await readUsage(pid);
    if (!usage) return;
    base ??= usage;
    const running = watched.running();
    const accounts = running.length > 0 ? running : [watched.background];
    const used = usage.cpu - base.cpu - charged;
    charged += used;
    for (const account of accounts) account.cpu += used / accounts.length;
    watched.report("cpu", Math.max(...accounts.map(({ cpu }) => cpu)) / limits.cpu);
    watched.report("memory", (usage.memory - base.memory) / limits.memory);
  };

  const glance = () => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  };
  glance();
  const timer = setInterval(glance, Math.max(20, Math.min(250, limits.cpu / 8))).unref();
  return { stop: () => clearInterval(timer) };
};
