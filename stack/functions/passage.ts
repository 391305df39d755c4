import { setTimeout as pause } from "node:timers/promises";
import { NoAnswerInTime } from "./forward.ts";
import type { Supervisor } from "./supervisor.ts";
import { type Ticket, type Worker, WorkerGone } from "./worker.ts";

export interface Passage<T> {
  supervisor: Supervisor;
  /** Sends the request to a worker's port; `onEnd` says that nothing of it is left to do. */
  send(port: number, ticket: Ticket, onEnd: () => void): Promise<T>;
  /** The function has seen it. */
  onBegun?(): void;
  /** Whether it could be sent from its start again. */
  isWhole(): boolean;
  /** Whether whoever asked has gone. */
  isLeft(): boolean;
}

/** A request that no worker got to see is sent to this many before it is given up. */
const mostWorkers = 3;

/**
 * Gets a request to a worker. One that the function has not seen when its worker ends goes to the
 * next worker; what it has seen is never sent twice. Rejects with `WorkerGone`, `NoAnswerInTime`, or
 * what `send` failed with when the client has gone.
 */
export const passThrough = async <T>(passage: Passage<T>): Promise<[T, Worker]> => {
  for (let tried = 1; ; tried++) {
    const worker = passage.supervisor.worker();
    const outcome = await attempt(passage, worker);
    if ("answer" in outcome) return [outcome.answer, worker];
    if (!outcome.mayRepeat || tried === mostWorkers || !passage.isWhole()) throw outcome.error;
  }
};

/** Milliseconds after which a change of files has surely been noticed. */
const noticing = 150;

type Outcome<T> = { answer: T } | { error: unknown; mayRepeat: boolean };

const attempt = async <T>(passage: Passage<T>, worker: Worker): Promise<Outcome<T>> => {
  const ticket = worker.begin(() => passage.onBegun?.());
  try {
    const port = await worker.port;
    const answer = await passage.send(port, ticket, () => worker.finish(ticket));
    worker.answered(ticket);
    return { answer };
  } catch (error) {
    worker.finish(ticket);
    if (passage.isLeft()) return { error, mayRepeat: false };
    if (error instanceof NoAnswerInTime) {
      // It may hang for good, and so would every request after this one.
      worker.retire("early_drop");
      return { error, mayRepeat: false };
    }
    const gone = error instanceof WorkerGone ? error : await reasonOf(worker, error);
    if (gone.code !== "BOOT_ERROR") return { error: gone, mayRepeat: !ticket.hasBegun };
    // Its files may have been half written when it read them; the watcher tells a moment later.
    await pause(noticing, undefined, { ref: false });
    return { error: gone, mayRepeat: !passage.supervisor.isLatest(worker) };
  }
};

/** The connection broke: mostly because the process ends, which is known a moment later. */
const reasonOf = async (worker: Worker, error: unknown): Promise<WorkerGone> => {
  const isClosed = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
  const patience = pause(isClosed ? 0 : 1_000, undefined, { ref: false });
  const gone = await Promise.race([worker.exited, patience]);
  const reason = error instanceof Error ? error.message : String(error);
  return gone ?? new WorkerGone("WORKER_TERMINATED", reason);
};
