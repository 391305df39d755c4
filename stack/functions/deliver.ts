import { setTimeout as pause } from "node:timers/promises";
import { platformAnswer } from "./answers.ts";
import { type Forwarded, forward, NoAnswerInTime } from "./forward.ts";
import { type ReplayableBody, replayable } from "./replayable-body.ts";
import type { Supervisor } from "./supervisor.ts";
import { type Worker, WorkerGone } from "./worker.ts";

export interface Delivery {
  /** The function's name. */
  name: string;
  supervisor: Supervisor;
  /** Path and query as the function sees them. */
  path: string;
  headers: Record<string, string>;
  /** Milliseconds until the answer must have begun. */
  limit: number;
  log(message: string): void;
}

/** The worker ended, or took no more requests, before the function saw this one. */
class NeverBegun extends Error {
  override name = "NeverBegun";
  constructor(readonly gone: WorkerGone) {
    super(gone.message);
  }
}

/** `SB_REGION` of every function here. */
export const region = "local";

/** A request that no worker got to see is sent to this many before it is given up. */
const mostWorkers = 3;

/**
 * Brings a request to a function and the answer back. One that the function has not seen when its
 * worker ends goes to the next worker; what it has seen is never sent twice.
 */
export const deliver = async (request: Request, delivery: Delivery): Promise<Response> => {
  const { name, supervisor, log } = delivery;
  const body = request.body ? replayable(request.body) : undefined;
  const refuse = (gone: WorkerGone) =>
    platformAnswer(gone.code, {
      function: name,
      ...(gone.retryAfter ? { retryAfter: gone.retryAfter } : {}),
    });

  for (let tried = 1; ; tried++) {
    try {
      const worker = supervisor.worker();
      return respond(await attempt(request, body, worker, delivery), worker, name);
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 499 });
      if (error instanceof NoAnswerInTime) {
        log(`[${name}] A request was not answered within ${delivery.limit} ms.`);
        return platformAnswer("IDLE_TIMEOUT", { function: name });
      }
      if (error instanceof WorkerGone) return refuse(error);
      if (!(error instanceof NeverBegun)) throw error;
      if (tried === mostWorkers || body?.isWhole() === false) return refuse(error.gone);
    }
  }
};

const attempt = async (
  request: Request,
  body: ReplayableBody | undefined,
  worker: Worker,
  { path, headers, limit }: Delivery,
): Promise<Forwarded> => {
  const ticket = worker.begin(() => body?.release());
  try {
    const port = await worker.port;
    return await forward(request, body, {
      port,
      path,
      headers: { ...headers, "sb-request-id": ticket.id },
      limit,
      onEnd: () => worker.finish(ticket),
    });
  } catch (error) {
    worker.finish(ticket);
    if (error instanceof NoAnswerInTime) {
      // It may hang for good, and so would every request after this one.
      worker.retire("early_drop");
      throw error;
    }
    if (request.signal.aborted) throw error;
    const gone = error instanceof WorkerGone ? error : await reasonOf(worker, error);
    throw ticket.hasBegun || gone.code === "BOOT_ERROR" ? gone : new NeverBegun(gone);
  }
};

/** The connection broke: mostly because the process ends, which is known a moment later. */
export const reasonOf = async (worker: Worker, error: unknown): Promise<WorkerGone> => {
  const isClosed = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
  const patience = pause(isClosed ? 0 : 1_000, undefined, { ref: false });
  const gone = await Promise.race([worker.exited, patience]);
  const reason = error instanceof Error ? error.message : String(error);
  return gone ?? new WorkerGone("WORKER_TERMINATED", reason);
};

const respond = (answer: Forwarded, worker: Worker, name: string): Response => {
  const { status, body } = answer;
  if (status < 200 || status > 599) {
    void body?.cancel();
    return platformAnswer("INVALID_RESPONSE_STATUS_CODE", { function: name });
  }
  const added = {
    "x-served-by": "supabase-edge-runtime",
    "x-deno-execution-id": worker.executionId,
    "x-sb-edge-region": region,
    ...(status >= 500 ? { "sb-error-code": "EDGE_FUNCTION_ERROR" } : {}),
  };
  for (const [header, value] of Object.entries(added)) {
    if (!answer.headers.has(header)) answer.headers.set(header, value);
  }
  return new Response(body, { status, headers: answer.headers });
};
