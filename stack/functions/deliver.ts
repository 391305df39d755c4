import { platformAnswer } from "./answers.ts";
import { type Forwarded, forward, NoAnswerInTime } from "./forward.ts";
import { passThrough } from "./passage.ts";
import { replayable } from "./replayable-body.ts";
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

/** `SB_REGION` of every function here. */
export const region = "local";

/** Brings a request to a function and the answer back, or the platform's answer in its place. */
export const deliver = async (request: Request, delivery: Delivery): Promise<Response> => {
  const { name, supervisor, path, headers, limit, log } = delivery;
  const body = request.body ? replayable(request.body) : undefined;
  try {
    const [answer, worker] = await passThrough({
      supervisor,
      send: (port, ticket, onEnd) =>
        forward(request, body, {
          ...{ port, path, limit, onEnd },
          headers: { ...headers, "sb-delivery-id": ticket.id },
        }),
      onBegun: () => body?.release(),
      isWhole: () => body?.isWhole() ?? true,
      isLeft: () => request.signal.aborted,
    });
    return respond(answer, worker, name);
  } catch (error) {
    if (request.signal.aborted) return new Response(null, { status: 499 });
    if (error instanceof WorkerGone) return refuse(error, name);
    if (!(error instanceof NoAnswerInTime)) throw error;
    log(`[${name}] A request was not answered within ${limit} ms.`);
    return platformAnswer("IDLE_TIMEOUT", { function: name });
  }
};

/** What a client hears when there is no worker, or no more. */
export const refuse = ({ code, retryAfter }: WorkerGone, name: string): Response =>
  platformAnswer(code, { function: name, ...(retryAfter ? { retryAfter } : {}) });

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
