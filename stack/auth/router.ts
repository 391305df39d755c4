import { z } from "zod";
import { AuthError } from "./auth-error.ts";
import { type SignedIn, signedIn, trustedRole } from "./caller.ts";
import type { AuthContext } from "./context.ts";
import type { Limit } from "./limits.ts";

/** One request, with what every handler may want to know of it. */
export interface Call {
  request: Request;
  url: URL;
  /** What the path's `:names` stand for. */
  params: Readonly<Record<string, string>>;
  /** The client's address. */
  ip: string;
}

export interface Route {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below /auth/v1; segments like `:id` match one segment each. */
  path: string;
  /** Opened by a browser itself, from a mail or a provider, and so without an API key. */
  keyless?: boolean;
  run(auth: AuthContext, call: Call): Promise<Response>;
}

interface Spec<Body> extends Omit<Route, "run"> {
  /** What the JSON body must be; absent: it is not read. */
  body?: z.ZodType<Body>;
  /** Counted against the caller's address before anything else. */
  limit?: (auth: AuthContext) => Limit;
}

/** An endpoint that asks for no user. */
export const route = <Body>(
  spec: Spec<Body>,
  handle: (auth: AuthContext, call: Call & { body: Body }) => Promise<Response>,
): Route => ({
  ...spec,
  run: async (auth, call) => {
    spec.limit?.(auth).take(call.ip);
    return handle(auth, { ...call, body: await readBody(spec, call.request) });
  },
});

/** An endpoint for whom the access token names; others get GoTrue's refusals. */
export const userRoute = <Body>(
  spec: Spec<Body>,
  handle: (auth: AuthContext, call: Call & { body: Body; caller: SignedIn }) => Promise<Response>,
): Route => ({
  ...spec,
  run: async (auth, call) => {
    const caller = await signedIn(auth, call.request);
    spec.limit?.(auth).take(call.ip);
    return handle(auth, { ...call, caller, body: await readBody(spec, call.request) });
  },
});

/** An endpoint for the secret key alone. */
export const adminRoute = <Body>(
  spec: Spec<Body>,
  handle: (auth: AuthContext, call: Call & { body: Body }) => Promise<Response>,
): Route => ({
  ...spec,
  run: async (auth, call) => {
    if ((await trustedRole(auth, call.request)) !== "service_role") {
      throw new AuthError(403, "not_admin", "User not allowed");
    }
    return handle(auth, { ...call, body: await readBody(spec, call.request) });
  },
});

const unreadable = (reason: string) =>
  new AuthError(400, "bad_json", `Could not parse request body as JSON: ${reason}`);

const readBody = async <Body>(spec: Spec<Body>, request: Request): Promise<Body> => {
  // A handler without a body's schema has `unknown` for its type and nothing to read.
  if (!spec.body) return z.custom<Body>(() => true).parse(undefined);
  return parseBody(spec.body, parseJson(await request.text()));
};

/** A body as its schema reads it; throws GoTrue's refusal. */
export const parseBody = <Body>(schema: z.ZodType<Body>, given: unknown): Body => {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unreadable(`${issue?.path.join(".") || "body"}: ${issue?.message}`);
};

const parseJson = (text: string): unknown => {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable("it is none");
  }
};

/** Text in a body; GoTrue takes absent, null and empty for the same. */
export const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? "");

/** Free-form metadata in a body. */
export const Data = z.record(z.string(), z.unknown()).nullish();

interface Match {
  route: Route;
  params: Record<string, string>;
}

/** Finds the route of a request; a path that only other methods know is 405. */
export const createRouter = (routes: readonly Route[]) => {
  const known = routes.map((route) => ({ route, segments: route.path.split("/") }));

  return (method: string, path: string): Match => {
    const segments = path.replace(/(.)\/$/, "$1").split("/");
    const matches = known.flatMap((candidate): Match[] => {
      const params = paramsOf(candidate.segments, segments);
      return params ? [{ route: candidate.route, params }] : [];
    });
    const match = matches.find(({ route }) => route.method === method);
    if (match) return match;
    throw matches.length > 0 ? new NoRoute(405) : new NoRoute(404);
  };
};

/** No endpoint has this method and path; GoTrue answers that in plain text. */
export class NoRoute extends Error {
  override name = "NoRoute";
  constructor(readonly status: 404 | 405) {
    super(status === 404 ? "404 page not found" : "Method Not Allowed");
  }
}

const paramsOf = (
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | null => {
  if (pattern.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] ?? "";
    if (part.startsWith(":") && segment !== "") params[part.slice(1)] = decoded(segment);
    else if (part !== segment) return null;
  }
  return params;
};

const decoded = (segment: string) => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};
