import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { SupabaseEnvironment } from "./env.ts";
import { isProblemCode, Problem, type ProblemDetails } from "./problems.ts";

/** Calls one SQL command; its answer is checked, its failure thrown as a `Problem`. */
export type Command = <T>(
  name: string,
  input: Record<string, unknown>,
  answer: z.ZodType<T>,
) => Promise<T>;

export interface Database {
  /** As the person whose `Authorization` header this is, so that RLS applies. */
  as(authorization: string): Command;
  /** As the service: only where no user exists or the command is not for users. */
  service: Command;
  /** The id of the person behind an `Authorization` header, asked of Auth. */
  callerId(authorization: string): Promise<string>;
}

/** A command that holds a lock longer than this is given up; the client may repeat it. */
const commandTimeout = 20_000;

export const connect = (environment: SupabaseEnvironment): Database => {
  const options = {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  };
  const users = createClient(environment.url, environment.publishableKey, options);
  const service = createClient(environment.url, environment.secretKey, options);
  return {
    as: (authorization) => command(users, authorization),
    service: command(service),
    callerId: async (authorization) => {
      const token = authorization.replace(/^bearer\s+/i, "");
      const { data, error } = await users.auth.getUser(token);
      if (data.user) return data.user.id;
      if (error && (error.status ?? 500) >= 500) {
        throw new Problem("database_unavailable", {}, { cause: error });
      }
      throw new Problem("not_signed_in", {}, { cause: error });
    },
  };
};

const command =
  (client: SupabaseClient, authorization?: string): Command =>
  async (name, input, answer) => {
    const call = client.rpc(name, input).abortSignal(AbortSignal.timeout(commandTimeout));
    if (authorization) call.setHeader("authorization", authorization);
    const { data, error, status } = await call;
    if (error) throw problemFromDatabase(error, status);
    assertShape(answer, data);
    return data;
  };

/** Checks without dropping: fields newer than the contract reach the client too. */
function assertShape<T>(schema: z.ZodType<T>, data: unknown): asserts data is T {
  schema.parse(data);
}

export interface DatabaseFailure {
  /** SQLSTATE, or PostgREST's own `PGRST…`; empty when nothing answered. */
  code: string;
  message: string;
  details: string | null;
  hint: string | null;
}

/** PostgreSQL's own failures that clients can do something about. */
const sqlStates: Record<string, "invalid_input" | "forbidden" | "busy"> = {
  "22P02": "invalid_input",
  "22P05": "invalid_input",
  "22003": "invalid_input",
  "22021": "invalid_input",
  "42501": "forbidden",
  "40001": "busy",
  "40P01": "busy",
  "55P03": "busy",
  "57014": "busy",
  "53300": "busy",
  PGRST003: "busy",
};

/** Reads a failure as PostgREST reports it; `status` is the HTTP status, 0 without an answer. */
export const problemFromDatabase = (failure: DatabaseFailure, status: number): Problem => {
  const hint = failure.hint || undefined;
  if (/^PT\d{3}$/.test(failure.code) && isProblemCode(failure.message)) {
    return new Problem(failure.message, parseDetails(failure.details), { hint, cause: failure });
  }
  if (status === 401) return new Problem("not_signed_in", {}, { cause: failure });
  const known = sqlStates[failure.code];
  if (known) return new Problem(known, {}, { cause: failure });
  if (status === 0 || status === 502 || status === 503 || status === 504) {
    return new Problem("database_unavailable", {}, { cause: failure });
  }
  return new Problem("internal", {}, { cause: failure });
};

const Details = z.record(z.string(), z.unknown());

const parseDetails = (text: string | null): ProblemDetails => {
  if (!text) return {};
  try {
    return Details.parse(JSON.parse(text));
  } catch {
    return { text };
  }
};
