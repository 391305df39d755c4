import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { AnswerCode } from "./answers.ts";
import { startDeno } from "./deno-process.ts";
import type { Limits } from "./limits.ts";
import type { LocatedFunction } from "./locate.ts";
import type { Reaper } from "./reaper.ts";
import { type Account, type Resource, startWatchdog } from "./watchdog.ts";

export interface WorkerOptions {
  located: LocatedFunction;
  /** `node_modules` folder that npm packages come from; without one Deno fetches them itself. */
  modules: string | undefined;
  /** Everything that the function sees of an environment, beside the execution's id. */
  env: Record<string, string>;
  limits: Limits;
  reaper: Reaper;
  /** Half of a limit is used up: whoever starts workers lets another one take over. */
  onHalfUsed(worker: Worker, resource: Resource): void;
  log(message: string): void;
}

/** Why there is no worker, or no more. */
export class WorkerGone extends Error {
  override name = "WorkerGone";

  constructor(
    readonly code: AnswerCode,
    reason: string,
    /** Seconds until the next one may start; absent: at once. */
    readonly retryAfter?: number,
  ) {
    super(reason);
  }
}

/** A request on its way through a worker, charged with the CPU time that it takes. */
export interface Ticket extends Account {
  /** The `sb-delivery-id` that it is sent with. */
  id: string;
  /** Whether the function has seen it; one that it has not may be sent to another worker. */
  hasBegun: boolean;
}

/** Why a worker is let go; functions hear it in `beforeunload`. */
export type RetireReason = "early_drop" | "termination";

/** One function in one Deno process. */
export interface Worker {
  /** `SB_EXECUTION_ID` of the function, and `x-deno-execution-id` of its answers. */
  executionId: string;
  /** The port it serves on; rejects with `WorkerGone` when it does not start. */
  port: Promise<number>;
  /** Why the process ended, once it has; undefined when it had been let go. */
  exited: Promise<WorkerGone | undefined>;
  /** Whether it takes new requests. */
  isOpen(): boolean;
  /** Whether it has ever answered. */
  hasAnswered(): boolean;
  /** Milliseconds since it last had a request in flight. */
  idleFor(): number;
  begin(onBegun: () => void): Ticket;
  /** The function's answer to this request has come. */
  answered(ticket: Ticket): void;
  finish(ticket: Ticket): void;
  /** Takes no more requests and ends when all is done; its limits hold until then. */
  retire(reason: RetireReason): void;
  /** Ends it at once. */
  end(gone: WorkerGone): void;
}

/** Longest line that reaches the log, as on Supabase. */
const longestLine = 10_000;

const exhausted: Record<Resource, (limits: Limits) => string> = {
  cpu: ({ cpu }) => `CPU time exceeded: a request took more than ${cpu} ms.`,
  memory: ({ memory }) => `Memory limit exceeded: more than ${Math.round(memory / 2 ** 20)} MiB.`,
  wall_clock: ({ wallClock }) => `Wall clock time exceeded: it lived for ${wallClock} ms.`,
};

export const startWorker = (options: WorkerOptions): Worker => {
  const { located, modules, limits } = options;
  const executionId = randomUUID();
  const env = { ...options.env, SB_EXECUTION_ID: executionId };
  const { child, mark } = startDeno({ located, modules, env, memory: limits.memory });
  const { pid } = child;
  if (pid) options.reaper.watch(pid);

  const inFlight = new Map<string, Ticket & { onBegun: () => void }>();
  const background: Account = { cpu: 0 };
  const warned = new Set<Resource>();
  let state: "open" | "retired" | "ended" = "open";
  let verdict: WorkerGone | undefined;
  let isOutOfMemory = false;
  let hasAnswered = false;
  let requests = 0;
  let lastUsed = performance.now();
  let stopWatching = (): void => undefined;

  const log = (line: string) => options.log(`[${located.name}] ${line.slice(0, longestLine)}`);
  const idleFor = () => (inFlight.size > 0 ? 0 : performance.now() - lastUsed);

  /** Requests that the function works on; those that wait for it have cost nothing yet. */
  const running = () => [...inFlight.values()].filter(({ hasBegun }) => hasBegun);

  const retire = (reason: RetireReason) => {
    if (state !== "open") return;
    state = "retired";
    child.stdin.write(`drain ${reason}\n`);
  };
  const end = (gone: WorkerGone) => {
    verdict ??= gone;
    state = "ended";
    child.kill("SIGKILL");
  };
  const report = (resource: Resource, share: number) => {
    if (verdict) return;
    if (share >= 1) {
      const reason = exhausted[resource](limits);
      log(`${reason} The worker was ended.`);
      end(new WorkerGone("WORKER_RESOURCE_LIMIT", reason));
      return;
    }
    if (share >= 0.9 && !warned.has(resource)) {
      warned.add(resource);
      child.stdin.write(`beforeunload ${resource}\n`);
    }
    if (share >= 0.5 && state === "open") options.onHalfUsed(worker, resource);
  };
  const resting = setInterval(
    () => {
      if (idleFor() > limits.idle) retire("early_drop");
    },
    Math.max(20, limits.idle / 10),
  ).unref();

  const exited = new Promise<WorkerGone | undefined>((resolve) => {
    const close = (code: AnswerCode, reason: string) => {
      const wasLetGo = state === "retired" && code === "WORKER_ERROR";
      state = "ended";
      clearInterval(resting);
      stopWatching();
      if (pid) options.reaper.forget(pid);
      resolve(verdict ?? (wasLetGo ? undefined : new WorkerGone(code, reason)));
    };
    child.once("error", (error) => close("WORKER_ERROR", `Deno cannot start: ${error.message}`));
    // Later than `exit`: by now everything it said has been read.
    child.once("close", (code, signal) => {
      const ended = signal ? "WORKER_TERMINATED" : "WORKER_ERROR";
      close(
        isOutOfMemory ? "WORKER_RESOURCE_LIMIT" : ended,
        `The process ended with ${signal ?? `code ${code}`}.`,
      );
    });
  });

  const port = new Promise<number>((resolve, reject) => {
    const fail = (reason: string) => end(new WorkerGone("BOOT_ERROR", reason));
    const timer = setTimeout(() => fail("It took too long to start."), limits.boot);
    const ready = (value: string) => {
      clearTimeout(timer);
      lastUsed = performance.now();
      if (pid) {
        stopWatching = startWatchdog({ pid, limits, running, background, report }).stop;
      }
      resolve(Number(value));
    };
    const began = (id: string) => {
      const ticket = inFlight.get(id);
      if (!ticket) return;
      ticket.hasBegun = true;
      ticket.onBegun();
    };
    lines(child.stdout, (line) => {
      if (!line.startsWith(mark)) return log(line);
      const [, word, value = ""] = line.split(" ");
      if (word === "began") began(value);
      else if (word === "ready") ready(value);
      else if (word === "silent") fail("It neither calls Deno.serve nor exports a default fetch.");
    });
    lines(child.stderr, (line) => {
      isOutOfMemory ||= /out of memory|heap limit/i.test(line);
      log(line);
    });
    exited.then((gone) => {
      clearTimeout(timer);
      if (!gone) reject(new WorkerGone("WORKER_TERMINATED", "It was let go while it started."));
      else if (gone.code !== "WORKER_ERROR") reject(gone);
      else reject(new WorkerGone("BOOT_ERROR", gone.message));
    });
  });
  // Whoever waits for the port hears of a failure; nobody may be waiting.
  port.catch((error: unknown) => log(error instanceof Error ? error.message : String(error)));

  const worker: Worker = {
    executionId,
    port,
    exited,
    isOpen: () => state === "open",
    hasAnswered: () => hasAnswered,
    idleFor,
    begin: (onBegun) => {
      const ticket = { id: `${mark}-${++requests}`, hasBegun: false, cpu: 0, onBegun };
      inFlight.set(ticket.id, ticket);
      background.cpu = 0;
      return ticket;
    },
    answered: (ticket) => {
      // Word that it has begun comes another way, and perhaps later.
      ticket.hasBegun = true;
      hasAnswered = true;
    },
    finish: (ticket) => {
      inFlight.delete(ticket.id);
      lastUsed = performance.now();
    },
    retire,
    end,
  };
  return worker;
};

const lines = (stream: Readable, take: (line: string) => void) =>
  createInterface({ input: stream }).on("line", take);
