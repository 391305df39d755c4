import { timingSafeEqual } from "node:crypto";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface OperationsPorts {
  health(): Promise<Health>;
  metrics: Metrics;
  /** Opens `/metrics`. */
  secretKey: string;
}

const problem = (status: number, code: string, message: string, hint: string | null = null) =>
  Response.json({ code, message, details: null, hint }, { status });

const presentedKey = ({ headers }: Request): string => {
  const [, bearer] = /^Bearer\s+(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  return headers.get("apikey") ?? bearer ?? "";
};

const isSame = (given: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
};

/**
 * What those who run the stack ask it: `/health` whether every part works (503 when one does not),
 * `/health/live` whether the process answers at all, `/metrics` its figures, for the secret key.
 */
export const createOperations =
  ({ health, metrics, secretKey }: OperationsPorts) =>
  async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      const refused = problem(405, "method_not_allowed", "Only GET is served here.");
      refused.headers.set("allow", "GET, HEAD");
      return refused;
    }
    switch (pathname) {
      case "/health/live":
        return uncached(Response.json({ status: "ok" }));
      case "/health": {
        const report = await health();
        return uncached(Response.json(report, { status: report.status === "ok" ? 200 : 503 }));
      }
      case "/metrics": {
        if (!isSame(presentedKey(request), secretKey)) {
          return problem(
            401,
            "unauthorized",
            "Metrics are for the secret key.",
            "Send it as `apikey` or as bearer token.",
          );
        }
        const headers = { "content-type": metrics.contentType };
        return uncached(new Response(await metrics.text(), { headers }));
      }
      default:
        return problem(404, "not_found", `There is nothing at ${pathname}.`);
    }
  };

const uncached = (response: Response): Response => {
  response.headers.set("cache-control", "no-store");
  return response;
};
