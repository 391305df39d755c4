import { type ClientRequest, request as connect, type IncomingMessage } from "node:http";
import type { ReplayableBody } from "./replayable-body.ts";

/** The function did not begin to answer within the limit. */
export class NoAnswerInTime extends Error {
  override name = "NoAnswerInTime";
}

export interface Target {
  port: number;
  /** Path and query as the function sees them. */
  path: string;
  headers: Record<string, string>;
  /** Longest wait for the answer to begin, in milliseconds. */
  limit: number;
  /** Called once the answer has been read to its end, or given up. */
  onEnd(): void;
}

/** Headers that belong to one connection and end with it. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

const withoutBody = new Set([204, 205, 304]);

/** An answer's head, and its body as a stream; null where there is none. */
export interface Forwarded {
  status: number;
  headers: Headers;
  body: ReadableStream<Uint8Array> | null;
}

/** Sends a request on to a function and its answer back, both as streams. Rejects when it breaks. */
export const forward = async (
  request: Request,
  body: ReplayableBody | undefined,
  target: Target,
): Promise<Forwarded> => {
  const answer = await send(request, body, target);
  const headers = new Headers();
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index] ?? "";
    if (!hopByHop.has(name.toLowerCase())) headers.append(name, answer.rawHeaders[index + 1] ?? "");
  }
  const status = answer.statusCode ?? 502;
  const hasBody = !withoutBody.has(status) && request.method !== "HEAD";
  if (!hasBody) answer.resume();
  return { status, headers, body: hasBody ? streamOf(answer) : null };
};

const send = (
  request: Request,
  body: ReplayableBody | undefined,
  target: Target,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = connect({
      host: "127.0.0.1",
      port: target.port,
      method: request.method,
      path: target.path,
      headers: { ...forwarded(request.headers), ...target.headers },
      // A connection of its own: one kept open might be closed just as the next request goes out.
      agent: false,
    });
    const timer = setTimeout(() => outgoing.destroy(new NoAnswerInTime()), target.limit);
    const abort = () => outgoing.destroy(new Error("The client has gone."));
    const end = () => {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", abort);
      target.onEnd();
    };
    if (request.signal.aborted) abort();
    else request.signal.addEventListener("abort", abort, { once: true });
    outgoing.once("response", (answer) => {
      clearTimeout(timer);
      answer.once("close", end);
      resolve(answer);
    });
    outgoing.on("error", (error) => {
      end();
      reject(error);
    });
    if (!body) {
      outgoing.end();
      return;
    }
    sendBody(body, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : new Error("The request broke off."));
    });
  });

/** How much of a body is read and dropped after the function stopped listening, in bytes. */
const mostDropped = 32 * 1024 * 1024;

/**
 * A function may answer and hang up before it has read everything. The client is let finish all the
 * same: cut off in the middle of sending, it would never see the answer. Where there was no answer,
 * what is left of the body is for whoever the request is sent to next.
 */
const sendBody = async (body: ReplayableBody, outgoing: ClientRequest) => {
  let dropped = 0;
  let hasAnswered = false;
  outgoing.once("response", () => {
    hasAnswered = true;
  });
  for await (const chunk of body.read()) {
    if (outgoing.destroyed) {
      dropped += chunk.byteLength;
      if (!hasAnswered || dropped > mostDropped) return;
    } else if (!outgoing.write(chunk)) {
      await drained(outgoing);
    }
  }
  outgoing.end();
};

const drained = (outgoing: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.once("drain", done);
    outgoing.once("close", done);
  });

/** The headers that travel on. */
export const forwarded = (headers: Iterable<[string, string]>): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => !hopByHop.has(name)));

const streamOf = (answer: IncomingMessage): ReadableStream<Uint8Array> => {
  const chunks = answer[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: () => {
      answer.destroy();
    },
  });
};
