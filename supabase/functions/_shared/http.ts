import { z } from "zod";
import { Problem, type ProblemCode, problemKind } from "./problems.ts";

/** What a handler learns about the request beside its body. */
export interface Context {
  /** The `Authorization` header as it came. */
  authorization: string | null;
  headers: Headers;
  /** Sent back as `x-request-id` and written to the log with every failure. */
  requestId: string;
}

export type Handler = (request: Request) => Promise<Response>;

interface EndpointOptions<T> {
  method: "GET" | "POST";
  /** Shape of the body. Functions without one take `NoBody`. */
  body: z.ZodType<T>;
  /** `text` hands the raw body over, for signatures; default `json`. */
  format?: "json" | "text";
  /** Largest body in bytes; default 256 KiB. */
  limit?: number;
}

export const NoBody = z.undefined();

const standardLimit = 256 * 1024;

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers":
    "authorization, x-client-info, apikey, content-type, x-request-id, traceparent, tracestate, baggage",
  "access-control-expose-headers": "x-request-id, retry-after",
  "access-control-max-age": "86400",
};

/**
 * Makes a request handler of a function from body to answer: method, CORS, size, encoding, shape, and
 * the one place where a failure becomes `application/problem+json` (RFC 9457).
 * The answer is sent as JSON with status 200, unless it is a `Response` already.
 */
export const endpoint =
  <T>(
    options: EndpointOptions<T>,
    handle: (body: T, context: Context) => Promise<unknown>,
  ): Handler =>
  async (request) => {
    const context = contextOf(request);
    if (request.method === "OPTIONS") return preflight(options.method);
    try {
      if (request.method !== options.method) {
        throw new Problem("method_not_allowed", { allow: options.method });
      }
      const body = parse(options.body, await readBody(request, options));
      const answer = await handle(body, context);
      return answer instanceof Response ? answer : json(answer, context.requestId);
    } catch (error) {
      return problemResponse(error, request, context.requestId);
    }
  };

/** Serves several endpoints under one function: `/NAME/KEY` goes to `endpoints[KEY]`. */
export const routes =
  (name: string, endpoints: Record<string, Handler>): Handler =>
  async (request) => {
    const { pathname } = new URL(request.url);
    const [, path = ""] = pathname.split(`/${name}/`);
    const key = path.replace(/\/$/, "");
    const handler = Object.hasOwn(endpoints, key) ? endpoints[key] : undefined;
    if (handler) return await handler(request);
    const problem = new Problem("not_found", { path: pathname });
    return problemResponse(problem, request, contextOf(request).requestId);
  };

const contextOf = (request: Request): Context => ({
  authorization: request.headers.get("authorization"),
  headers: request.headers,
  requestId: requestId(request),
});

const requestId = (request: Request): string => {
  const given = request.headers.get("x-request-id") ?? "";
  return /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
};

const preflight = (method: string): Response =>
  new Response(null, {
    status: 204,
    headers: { ...cors, "access-control-allow-methods": `${method}, OPTIONS` },
  });

const json = (answer: unknown, id: string): Response =>
  Response.json(answer ?? null, {
    headers: { ...cors, "x-request-id": id, "cache-control": "no-store" },
  });

const readBody = async <T>(request: Request, options: EndpointOptions<T>): Promise<unknown> => {
  if (options.method === "GET") return undefined;
  const text = decode(await readBytes(request, options.limit ?? standardLimit));
  if (options.format === "text") return text;
  if (text.trim() === "") return undefined;
  const type = request.headers.get("content-type") ?? "application/json";
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new Problem("unsupported_media_type", { content_type: type.slice(0, 100) });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem("invalid_json", {}, { cause });
  }
};

/** How much of a body that is too large is still read, in bytes. */
const mostDropped = 8 * 1024 * 1024;

const readBytes = async (request: Request, limit: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  // A length may be missing or a lie, so what arrives is counted too.
  let isTooLarge = Number(request.headers.get("content-length") ?? 0) > limit;
  let size = 0;
  const reader = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    isTooLarge ||= size > limit;
    if (!isTooLarge) chunks.push(value);
    else if (size > mostDropped) {
      await reader.cancel();
      break;
    }
  }
  // Said only now: a client that is cut off while it sends never sees the answer.
  if (isTooLarge) throw new Problem("body_too_large", { limit });
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
};

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem("invalid_encoding", {}, { cause });
  }
};

const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(fieldIssues);
  const [first] = issues;
  throw new Problem("invalid_input", { ...first, issues });
};

/** Names fields as SQL does: `items[0].quantity`; the whole body is `body`. */
const fieldIssues = (issue: z.core.$ZodIssue): { field: string; message: string }[] =>
  issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => ({
        field: fieldName([...issue.path, key]),
        message: "There is no such field.",
      }))
    : [{ field: fieldName(issue.path), message: issue.message }];

const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((name, part) => {
    if (typeof part === "number") return `${name}[${part}]`;
    return name === "" ? String(part) : `${name}.${String(part)}`;
  }, "") || "body";

const problemResponse = (error: unknown, request: Request, id: string): Response => {
  const problem = error instanceof Problem ? error : new Problem("internal", {}, { cause: error });
  const { status, title, retryAfter } = problemKind(problem.code);
  if (status >= 500) logFailure(problem, request, id);
  return new Response(
    JSON.stringify({
      type: `urn:supamarket:problem:${problem.code}`,
      title,
      status,
      code: problem.code,
      ...(problem.hint ? { detail: problem.hint } : {}),
      details: problem.details,
      request_id: id,
    }),
    {
      status,
      headers: {
        ...cors,
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "x-request-id": id,
        ...(retryAfter ? { "retry-after": String(retryAfter) } : {}),
        ...allowHeader(problem),
      },
    },
  );
};

const allowHeader = (problem: Problem): Record<string, string> =>
  problem.code === ("method_not_allowed" satisfies ProblemCode)
    ? { allow: `${String(problem.details.allow)}, OPTIONS` }
    : {};

/** One JSON line per failure that is ours or the provider's, with the whole chain of causes. */
const logFailure = (problem: Problem, request: Request, id: string): void => {
  const { pathname } = new URL(request.url);
  console.error(
    JSON.stringify({
      level: "error",
      request_id: id,
      method: request.method,
      path: pathname,
      code: problem.code,
      causes: causes(problem.cause),
    }),
  );
};

const causes = (error: unknown): string[] => {
  const chain: string[] = [];
  let current = error;
  while (current !== undefined && chain.length < 5) {
    chain.push(current instanceof Error ? (current.stack ?? current.message) : describe(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
};

const describe = (value: unknown): string =>
  typeof value === "object" ? JSON.stringify(value) : String(value);
