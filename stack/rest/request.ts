import { type Media, negotiate } from "./media.ts";
import { type Preferences, parsePreferences } from "./preferences.ts";
import { parseQuery, type Query, unsatisfiable } from "./query/query.ts";
import { restError } from "./rest-error.ts";

/** What a request is about: a table or view, or a function. */
export interface Target {
  kind: "table" | "routine";
  name: string;
}

/** A request as far as it is understood without looking at the schema. */
export interface RestRequest {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  target: Target;
  schema: string;
  /** The schema where it was a choice: the answer names it. */
  profile?: string;
  query: Query;
  preferences: Preferences;
  media: Media;
  contentType: string;
  body: string;
}

export const readRequest = async (
  request: Request,
  url: URL,
  path: string,
  schemas: readonly string[],
): Promise<RestRequest> => {
  const target = targetOf(path);
  const { method } = request;
  if (target.kind === "routine" && !["GET", "HEAD", "POST"].includes(method)) {
    throw restError(405, "PGRST101", `Cannot use the ${method} method on RPC`);
  }
  switch (method) {
    case "GET":
    case "HEAD":
    case "POST":
    case "PUT":
    case "PATCH":
    case "DELETE":
      break;
    default:
      throw restError(405, "PGRST117", `Unsupported HTTP method: ${method}`);
  }
  const isRead = method === "GET" || method === "HEAD";
  const { headers } = request;
  const query = parseQuery(url.searchParams, target.kind === "routine" && isRead);
  if (method === "GET") applyRange(query, headers.get("range"));
  const profile = headers.get(isRead ? "accept-profile" : "content-profile");
  const schema = schemaOf(profile, schemas);
  return {
    method,
    path,
    target,
    schema,
    ...((profile !== null || schemas.length > 1) && { profile: schema }),
    query,
    preferences: parsePreferences(headers.get("prefer")),
    media: negotiate(headers.get("accept")),
    contentType:
      headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "application/json",
    body: isRead ? "" : await request.text(),
  };
};

/** `Range: 0-9` narrows what limit and offset leave. */
const applyRange = (query: Query, range: string | null): void => {
  const [, from, to] = /^(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === undefined) return;
  if (to && Number(to) < Number(from)) {
    throw unsatisfiable(
      "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
    );
  }
  const scope = query.scopes.get("") ?? { conditions: [], order: [] };
  query.scopes.set("", scope);
  if (scope.limit === 0) return;
  const { offset = 0, limit = Number.POSITIVE_INFINITY } = scope;
  const end = Math.min(offset + limit, to ? Number(to) + 1 : Number.POSITIVE_INFINITY);
  scope.offset = Math.max(offset, Number(from));
  if (scope.offset >= end) throw unsatisfiable("Limit should be greater than or equal to zero.");
  if (Number.isFinite(end)) scope.limit = end - scope.offset;
};

/** Throws `RestError` for a path that is neither a table's nor a function's. */
export const targetOf = (path: string): Target => {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const [first, second] = parts;
  if (first === "rpc" && second !== undefined && parts.length === 2) {
    return { kind: "routine", name: second };
  }
  if (first !== undefined && parts.length === 1) return { kind: "table", name: first };
  throw restError(404, "PGRST125", "Invalid path specified in request URL");
};

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw restError(404, "PGRST125", "Invalid path specified in request URL");
  }
};

/** The exposed schema that the profile names, or the first. */
export const schemaOf = (profile: string | null, schemas: readonly string[]): string => {
  const schema = profile ?? schemas[0] ?? "public";
  if (schemas.includes(schema)) return schema;
  throw restError(
    406,
    "PGRST106",
    `Invalid schema: ${schema}`,
    null,
    `Only the following schemas are exposed: ${schemas.join(", ")}`,
  );
};
