import type { Resource } from "./watchdog.ts";
import { type RetireReason, type Worker, WorkerGone } from "./worker.ts";

export interface Figures {
  /** Processes that run. */
  workers: number;
  /** Processes that did not end as they should: crashed, killed, over a limit. */
  restarts: number;
}

export interface Supervisor {
  /** The worker for the next request, started if need be; throws `WorkerGone` while it must wait. */
  worker(): Worker;
  /** The function was changed: what runs may finish, the next request gets the new code. */
  renew(): void;
  /** Whether the worker was the last one to be started and its code has not been changed since. */
  isLatest(worker: Worker): boolean;
  figures(): Figures;
  /** Lets everything finish for `grace` milliseconds, then ends it. */
  stop(grace: number): Promise<void>;
}

export interface SupervisorPorts {
  start(onHalfUsed: (worker: Worker, resource: Resource) => void): Worker;
}

/** The first failure may be an accident; from the second on the pauses double up to the longest. */
const firstPause = 250;
const longestPause = 10_000;

/** A worker used less long ago is replaced without a gap. */
const recently = 5_000;

/**
 * Keeps one function running: starts a worker for the first request and after a crash, lets another
 * take over before one has used up a limit, and pauses between workers that never answer.
 */
export const createSupervisor = ({ start }: SupervisorPorts): Supervisor => {
  let current: Worker | undefined;
  let failures = 0;
  let notBefore = 0;
  let restarts = 0;
  let isStopped = false;
  const alive = new Set<Worker>();
  const replaced = new WeakSet<Worker>();

  const launch = (): Worker => {
    const worker = start(takeOver);
    alive.add(worker);
    worker.exited.then((gone) => {
      alive.delete(worker);
      if (gone && !isStopped) restarts += 1;
      if (worker.hasAnswered()) failures = 0;
      // One that used too much was asked for too much; that says nothing of the next request.
      else if (current === worker && gone && gone.code !== "WORKER_RESOURCE_LIMIT") pause();
    });
    return worker;
  };

  const pause = () => {
    failures += 1;
    if (failures < 2) return;
    notBefore = performance.now() + Math.min(longestPause, firstPause * 2 ** (failures - 2));
  };

  const letGo = (worker: Worker, reason: RetireReason) => {
    if (current === worker) current = undefined;
    worker.retire(reason);
  };

  /** A worker that computes without end gives way at once; any other when the next one serves. */
  const takeOver = (worker: Worker, resource: Resource) => {
    if (current !== worker || resource === "cpu" || worker.idleFor() > recently) {
      letGo(worker, "early_drop");
      return;
    }
    if (replaced.has(worker)) return;
    replaced.add(worker);
    const next = launch();
    const swap = () => {
      if (current === worker) current = next;
      else next.retire("early_drop");
    };
    next.port.then(swap, () => undefined).finally(() => letGo(worker, "early_drop"));
  };

  return {
    worker: () => {
      if (isStopped) throw new WorkerGone("WORKER_TERMINATED", "The stack stops.");
      if (current?.isOpen()) return current;
      const wait = notBefore - performance.now();
      if (wait > 0) {
        const reason = `It failed ${failures} times in a row; the next try is in ${Math.ceil(wait)} ms.`;
        throw new WorkerGone("BOOT_ERROR", reason, Math.ceil(wait / 1000));
      }
      current = launch();
      return current;
    },
    renew: () => {
      failures = 0;
      notBefore = 0;
      if (current) letGo(current, "termination");
    },
    isLatest: (worker) => current === worker,
    figures: () => ({ workers: alive.size, restarts }),
    stop: async (grace) => {
      isStopped = true;
      const all = [...alive];
      for (const worker of all) letGo(worker, "termination");
      const timer = setTimeout(() => {
        for (const worker of all)
          worker.end(new WorkerGone("WORKER_TERMINATED", "The stack stops."));
      }, grace);
      await Promise.all(all.map((worker) => worker.exited));
      clearTimeout(timer);
    },
  };
};
