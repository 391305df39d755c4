/** What scripts may read of an answer beside its body; of PostgREST, Auth, Storage and ours. */
const exposed = [
  "content-encoding, content-location, content-range, content-type, date, etag, link, location",
  "preference-applied, proxy-status, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after",
  "sb-error-code, sb-request-id, x-request-id, x-supabase-api-version, x-total-count",
  "tus-extension, tus-max-size, tus-resumable, tus-version, upload-expires, upload-length",
  "upload-metadata, upload-offset",
].join(", ");

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

export interface Cors {
  /** Whether pages of this origin may use the API; requests without one come from no page. */
  allows(origin: string | null | undefined): boolean;
  /** Whether it leaves functions alone, which on Supabase answer for themselves. */
  readonly isOpen: boolean;
  /** Answers a browser's question before its request. */
  preflight(request: Request): Response;
  /** Says on an answer who may read it. */
  apply(headers: Headers, origin: string | null): void;
  /** Takes back what a function allowed to an origin that is not on the list. */
  tighten(headers: Headers, origin: string | null): void;
}

export const isPreflight = (request: Request): boolean =>
  request.method === "OPTIONS" && request.headers.has("access-control-request-method");

/**
 * The one place that says which pages may use the API. Nothing here rests on cookies: keys and
 * tokens decide what a caller gets, so any origin may ask unless the project names its own.
 */
export const createCors = (origins: "*" | readonly string[]): Cors => {
  const allowed = origins === "*" ? null : new Set(origins.map((origin) => origin.toLowerCase()));
  const allows: Cors["allows"] = (origin) =>
    !allowed || !origin || allowed.has(origin.toLowerCase());

  const name = (headers: Headers, origin: string | null) => {
    if (!allowed) return headers.set("access-control-allow-origin", "*");
    headers.append("vary", "Origin");
    if (origin && allows(origin)) headers.set("access-control-allow-origin", origin);
    else headers.delete("access-control-allow-origin");
  };

  return {
    allows,
    isOpen: !allowed,
    preflight: (request) => {
      const origin = request.headers.get("origin");
      const headers = new Headers();
      name(headers, origin);
      if (allows(origin)) {
        const asked = request.headers.get("access-control-request-headers");
        headers.set("access-control-allow-methods", methods);
        headers.set("access-control-allow-headers", asked ?? "*");
        headers.set("access-control-max-age", "86400");
        headers.append("vary", "Access-Control-Request-Headers");
      }
      return new Response(null, { status: 204, headers });
    },
    apply: (headers, origin) => {
      name(headers, origin);
      if (origin) headers.set("access-control-expose-headers", exposed);
    },
    tighten: (headers, origin) => {
      if (allowed && headers.has("access-control-allow-origin")) name(headers, origin);
    },
  };
};
