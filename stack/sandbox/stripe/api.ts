import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import { chargeOperations } from "./charges.ts";
import { couponOperations } from "./coupons.ts";
import { customerOperations } from "./customers.ts";
import { endpointOperations } from "./endpoints.ts";
import { ApiError, invalidRequest } from "./errors.ts";
import { eventOperations } from "./events.ts";
import { expand } from "./expand.ts";
import type { Faults, Outage } from "./faults.ts";
import { decodeForm, type Form, field, without } from "./form.ts";
import type { Idempotency, Reply } from "./idempotency.ts";
import { newId } from "./ids.ts";
import { intentOperations } from "./intents.ts";
import type { Operation } from "./operation.ts";
import { paymentMethodOperations } from "./payment-methods.ts";
import { refundOperations } from "./refunds.ts";
import { sessionOperations } from "./sessions.ts";
import type { Store } from "./store.ts";
import { API_VERSION, type Cause, type World } from "./world.ts";

/** The connection a request came over, as far as the server gives it. */
export interface Peer {
  address?: string | undefined;
  /** Ends the connection at once, without an answer. */
  reset?: (() => void) | undefined;
}

/** A request as the control API lists it. */
export interface RequestEntry {
  id: string;
  method: string;
  path: string;
  status: number;
  idempotency_key: string | null;
  is_replayed: boolean;
  outage: Outage;
}

export interface ApiPorts {
  store: Store;
  faults: Faults;
  idempotency: Idempotency;
  worldFor(cause: Cause): World;
  kept(): Promise<void>;
  secretKey: string;
  publishableKey: string;
  stopping: AbortSignal;
  log(line: string): void;
}

const OPERATIONS: readonly Operation[] = [
  ...chargeOperations,
  ...couponOperations,
  ...customerOperations,
  ...endpointOperations,
  ...eventOperations,
  ...intentOperations,
  ...paymentMethodOperations,
  ...refundOperations,
  ...sessionOperations,
];

const MAX_BODY = 1_000_000;
const MAX_LOGGED = 500;

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
  "access-control-allow-headers": "*, authorization",
  "access-control-expose-headers": "request-id, stripe-version, idempotent-replayed",
  "access-control-max-age": "300",
};

const keyOf = (request: Request, form: Form): string | undefined => {
  const authorization = request.headers.get("authorization") ?? "";
  const [, scheme = "", credentials = ""] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "bearer") return credentials;
  // `curl -u sk_test_…:` sends the key as the user name.
  if (scheme.toLowerCase() === "basic")
    return Buffer.from(credentials, "base64").toString().split(":")[0];
  return field(form, "key");
};

const unauthorized = (message: string, code?: string) =>
  new ApiError(401, {
    type: "invalid_request_error",
    message,
    ...(code === undefined ? {} : { code }),
  });

const bodyOf = async (request: Request): Promise<string> => {
  if (request.method !== "POST") return new URL(request.url).search.slice(1);
  const bytes = await request.arrayBuffer();
  const type = request.headers.get("content-type") ?? "application/x-www-form-urlencoded";
  if (bytes.byteLength > MAX_BODY) throw invalidRequest("The request body is too large.");
  if (!type.startsWith("application/x-www-form-urlencoded")) {
    throw invalidRequest(
      `Invalid request (check that your POST content type is application/x-www-form-urlencoded; got ${type.slice(0, 100)}).`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidRequest("Invalid request: the body is not valid UTF-8.");
  }
};

// The same parameters in another order are the same request.
const canonical = (encoded: string): string => {
  const parameters = new URLSearchParams(encoded);
  parameters.sort();
  return parameters.toString();
};

const expandPaths = ({ expand: paths }: Form): string[] => {
  if (paths === undefined) return [];
  const values = typeof paths === "string" ? [paths] : Object.values(paths);
  return values.filter((path) => typeof path === "string");
};

const replyOf = (error: ApiError): Reply => ({
  status: error.status,
  body: JSON.stringify({ error: error.body }),
});

const UNAVAILABLE: Reply = replyOf(
  new ApiError(503, {
    type: "api_error",
    message: "The sandbox is down on request. No effect was made.",
  }),
);
const RATE_LIMITED: Reply = replyOf(
  new ApiError(429, {
    type: "invalid_request_error",
    code: "rate_limit",
    message: "Too many requests hit the API too quickly.",
  }),
);

/** An answer that breaks off, for servers that cannot end the connection itself. */
const brokenAnswer = () =>
  new Response(
    new ReadableStream({
      start: async (controller) => {
        controller.enqueue(new TextEncoder().encode(" "));
        await delay(20);
        controller.error(new Error("Connection reset on request"));
      },
    }),
    { headers: { "content-type": "application/json" } },
  );

/** `/v1/*`: authentication, idempotency, faults on request, and the operations. */
export const createApi = (ports: ApiPorts) => {
  const { store, faults, idempotency } = ports;
  const requests: RequestEntry[] = [];

  const authenticate = (request: Request, form: Form, operation: Operation | undefined) => {
    const key = keyOf(request, form);
    if (key === undefined || key === "") {
      throw unauthorized(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
      );
    }
    if (key === ports.secretKey) return false;
    if (key !== ports.publishableKey) {
      const shown = `${key.slice(0, 8)}${"*".repeat(8)}${key.slice(-4)}`;
      throw unauthorized(`Invalid API Key provided: ${shown}`);
    }
    if (operation && !operation.isPublic) {
      throw unauthorized(
        "This API call cannot be made with a publishable API key. Please use a secret API key.",
        "secret_key_required",
      );
    }
    return true;
  };

  /** Runs the operation; says whether a retry must get this answer instead of a second effect. */
  const execute = (
    operation: Operation,
    call: { id: string; form: Form; isPublic: boolean; cause: Cause },
  ): { reply: Reply; isRemembered: boolean } => {
    let hasRun = false;
    try {
      const { form, ...rest } = call;
      const wanted = expandPaths(form);
      const own = without(form, ["expand", "key", "_stripe_version"]);
      const answer = operation.run({ ...rest, form: own, world: ports.worldFor(call.cause) });
      hasRun = true;
      return {
        reply: { status: 200, body: JSON.stringify(expand(store, answer, wanted)) },
        isRemembered: true,
      };
    } catch (error) {
      if (error instanceof ApiError) {
        return { reply: replyOf(error), isRemembered: hasRun || error.remembered };
      }
      ports.log(`stripe sandbox: ${error instanceof Error ? error.stack : String(error)}`);
      const failure = new ApiError(500, { type: "api_error", message: "An error occurred." });
      return { reply: replyOf(failure), isRemembered: true };
    }
  };

  interface Outcome {
    reply: Reply;
    isReplayed: boolean;
    original: string;
    outage: Outage;
  }

  const perform = async (
    operation: Operation,
    request: Request,
    id: string,
    cause: Cause,
  ): Promise<Outcome> => {
    const path = new URL(request.url).pathname;
    const encoded = await bodyOf(request);
    const form = decodeForm(encoded);
    const isPublic = authenticate(request, form, operation);
    const key = cause.idempotency_key;
    const now = Math.floor(Date.now() / 1000);
    const known = key === null ? undefined : idempotency.begin(key, path, canonical(encoded), now);
    let remembered: Reply | undefined;
    try {
      const outage = faults.next(`${request.method} ${path}`);
      const { latency_ms } = faults.plan;
      if (latency_ms > 0) await delay(latency_ms, undefined, { signal: ports.stopping });
      const outcome = { isReplayed: known !== undefined, original: cause.id ?? "", outage };
      if (outage === "unavailable") return { ...outcome, reply: UNAVAILABLE, isReplayed: false };
      if (outage === "rate_limited") return { ...outcome, reply: RATE_LIMITED, isReplayed: false };
      if (outage === "reset") return { ...outcome, reply: UNAVAILABLE, isReplayed: false };
      if (known) return { ...outcome, reply: known, original: known.request };
      const { reply, isRemembered } = execute(operation, { id, form, isPublic, cause });
      if (isRemembered) remembered = reply;
      return { ...outcome, reply };
    } finally {
      if (key !== null && !known) {
        idempotency.end(
          key,
          remembered && { ...remembered, path, created: now, request: cause.id ?? "" },
        );
      }
      await ports.kept();
    }
  };

  const respond = async (
    request: Request,
    peer: Peer,
    run: (cause: Cause) => Promise<Outcome>,
  ): Promise<Response> => {
    const key = request.method === "POST" ? request.headers.get("idempotency-key") : null;
    const cause = { id: newId.request(), idempotency_key: key };
    const outcome = await run(cause).catch((error: unknown): Outcome => {
      if (!(error instanceof ApiError)) throw error;
      return { reply: replyOf(error), isReplayed: false, original: cause.id, outage: "none" };
    });
    const { reply, isReplayed, outage } = outcome;
    const isLost = outage === "reset" || outage === "lost_reply";
    requests.push({
      id: cause.id,
      method: request.method,
      path: new URL(request.url).pathname,
      status: isLost ? 0 : reply.status,
      idempotency_key: key,
      is_replayed: isReplayed,
      outage,
    });
    if (requests.length > MAX_LOGGED) requests.shift();
    if (isLost) {
      if (outage === "lost_reply" && faults.plan.hang_ms > 0) {
        const signal = AbortSignal.any([request.signal, ports.stopping]);
        await delay(faults.plan.hang_ms, undefined, { signal }).catch(() => undefined);
      }
      peer.reset?.();
      return brokenAnswer();
    }
    return new Response(reply.body, {
      status: reply.status,
      headers: {
        ...CORS,
        "content-type": "application/json",
        "cache-control": "no-cache, no-store",
        "request-id": cause.id,
        "stripe-version": request.headers.get("stripe-version") ?? API_VERSION,
        ...(key === null ? {} : { "idempotency-key": key, "original-request": outcome.original }),
        ...(isReplayed ? { "idempotent-replayed": "true" } : {}),
      },
    });
  };

  const app = new Hono<{ Bindings: Peer }>();
  app.options("*", () => new Response(null, { status: 204, headers: { ...CORS } }));
  for (const operation of OPERATIONS) {
    app.on(operation.method, operation.path, (c) =>
      respond(c.req.raw, c.env, (cause) =>
        perform(operation, c.req.raw, c.req.param("id") ?? "", cause),
      ),
    );
  }
  app.notFound((c) =>
    respond(c.req.raw, c.env, async () => {
      authenticate(c.req.raw, decodeForm(""), undefined);
      throw new ApiError(404, {
        type: "invalid_request_error",
        message: `Unrecognized request URL (${c.req.method}: ${c.req.path}). The sandbox does not know this operation, or there is no such one.`,
      });
    }),
  );
  return {
    fetch: async (request: Request, peer: Peer): Promise<Response> => app.fetch(request, peer),
    /** The latest requests, oldest first. */
    requests: (): readonly RequestEntry[] => requests,
    forget: () => {
      requests.length = 0;
    },
  };
};
