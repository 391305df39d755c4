import { type ClientRequest, request as connect, type IncomingMessage } from "node:http";

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

/** Sends a request on to a function and its answer back, both as streams. Rejects when it breaks. */
export const forward = async (request: Request, target: Target): Promise<Response> => {
  const answer = await send(request, target);
  const headers = new Headers();
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index] ?? "";
    if (!hopByHop.has(name.toLowerCase())) headers.append(name, answer.rawHeaders[index + 1] ?? "");
  }
  const status = answer.statusCode ?? 502;
  const hasBody = !withoutBody.has(status) && request.method !== "HEAD";
  if (!hasBody) answer.resume();
  return new Response(hasBody ? streamOf(answer) : null, { status, headers });
};

const send = (request: Request, target: Target): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = connect({
      host: "127.0.0.1",
      port: target.port,
      method: request.method,
      path: target.path,
      headers: { ...Object.fromEntries(forwarded(request.headers)), ...target.headers },
      // A connection of its own: one kept open might be closed just as the next request goes out.
      agent: false,
    });
    const timer = setTimeout(() => outgoing.destroy(new NoAnswerInTime()), target.limit);
    const abort = () => outgoing.destroy(new Error("The client has gone."));
    request.signal.addEventListener("abort", abort, { once: true });
    outgoing.once("response", (answer) => {
      clearTimeout(timer);
      answer.once("close", () => request.signal.removeEventListener("abort", abort));
      resolve(answer);
    });
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", abort);
      reject(error);
    });
    if (!request.body) {
      outgoing.end();
      return;
    }
    sendBody(request.body, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : new Error("The request broke off."));
    });
  });

/** How much of a body is read and dropped after the function stopped listening, in bytes. */
const mostDropped = 32 * 1024 * 1024;

/**
 * A function may answer and hang up before it has read everything. The client is let finish all the
 * same: cut off in the middle of sending, it would never see the answer.
 */
const sendBody = async (body: ReadableStream<Uint8Array>, outgoing: ClientRequest) => {
  let dropped = 0;
  for await (const chunk of body) {
    if (outgoing.destroyed) {
      dropped += chunk.byteLength;
      if (dropped > mostDropped) break;
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

const forwarded = (headers: Headers): [string, string][] =>
  [...headers].filter(([name]) => !hopByHop.has(name));

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
