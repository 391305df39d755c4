import {
  createClient,
  type SupabaseClient,
  type WebSocketLikeConstructor,
} from "@supabase/supabase-js";
import { WebSocket } from "ws";
import { z } from "zod";
import { type ProjectTarget, RunProblem } from "./command-line.ts";

/** A request that the project refused, or that did not reach it (status 0). */
export class ApiFailure extends Error {
  override name = "ApiFailure";
  constructor(
    readonly status: number,
    /** Stable code of the refusal, e.g. `out_of_stock`; `unreachable` when nothing answered. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
  /** Whether the same request may well succeed a moment later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const requestTimeoutMs = 120_000;

/** Node 20 has no WebSocket of its own, and a client insists on one even if it never listens. */
const transport = z
  .custom<WebSocketLikeConstructor>((value) => value === WebSocket)
  .parse(WebSocket);

/** A client whose session lives in memory; every call ends within two minutes. */
export const connect = (url: string, key: string): SupabaseClient =>
  createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport },
    global: {
      fetch: (input, init) =>
        fetch(input, { ...init, signal: init?.signal ?? AbortSignal.timeout(requestTimeoutMs) }),
    },
  });

export const signIn = async (
  client: SupabaseClient,
  { url }: ProjectTarget,
  credentials: { email: string; password: string },
): Promise<void> => {
  const { error } = await client.auth.signInWithPassword(credentials);
  if (!error) return;
  throw new RunProblem(
    isUnreachable(error)
      ? `Nothing answers at ${url}; start the shop with \`npm start\`, or name another with --url.`
      : `Cannot sign in to ${url} as ${credentials.email}: ${error.message}.`,
    { cause: error },
  );
};

const isUnreachable = (error: { status?: number | undefined; message: string }) =>
  error.status === undefined || error.status === 0 || /fetch failed/i.test(error.message);

interface Answer {
  data: unknown;
  error: { message: string; code?: string; details?: string | null; hint?: string | null } | null;
  status: number;
}

/** The data of a supabase-js answer; throws ApiFailure with the refusal's own code. */
export const dataOf = ({ data, error, status }: Answer): unknown => {
  if (!error) return data;
  if (status === 0) throw new ApiFailure(0, "unreachable", error.message);
  // A refusal of ours has its code as message and a sentence as hint; PostgreSQL's own keep SQLSTATE.
  const isOurs = error.code?.startsWith("PT") ?? false;
  const code = isOurs ? error.message : error.code || `http_${status}`;
  const sentence = isOurs ? [error.hint, error.details].filter(Boolean).join(" ") : error.message;
  throw new ApiFailure(status, code, sentence || code);
};

const Problem = z.object({
  code: z.string().catch("unknown"),
  title: z.string().optional(),
  detail: z.string().optional(),
  message: z.string().optional(),
});

/** The failure that `functions.invoke` reports, with the code of its problem document. */
export const functionFailure = async (error: unknown): Promise<ApiFailure> => {
  const context = error instanceof Error && "context" in error ? error.context : undefined;
  if (!(context instanceof Response)) {
    const message = error instanceof Error ? error.message : String(error);
    return new ApiFailure(0, "unreachable", message, { cause: error });
  }
  const body: unknown = await context.json().catch(() => ({}));
  const problem = Problem.catch({ code: "unknown" }).parse(body);
  const code = problem.code === "unknown" ? `http_${context.status}` : problem.code;
  const sentence = problem.detail ?? problem.title ?? problem.message ?? code;
  return new ApiFailure(context.status, code, sentence);
};

/** Tries again, ever more slowly, while the failure is one that passes. */
export const retrying = async <T>(
  attempt: () => Promise<T>,
  { attempts = 5, firstDelayMs = 250 }: { attempts?: number; firstDelayMs?: number } = {},
): Promise<T> => {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tried >= attempts || !(error instanceof ApiFailure && error.isTransient)) throw error;
      await delay(firstDelayMs * 2 ** (tried - 1));
    }
  }
};

export const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
