import { z } from "zod";

/** As much of a supabase-js answer as tells success from refusal. */
interface Answer<T> {
  data: T;
  error: { code: string; message: string; details?: string | null; hint?: string | null } | null;
  status: number;
}

export interface Refusal {
  /** The shop's own code such as `out_of_stock`, or the SQLSTATE or PostgREST's code. */
  code: string;
  /** HTTP status. */
  status: number;
  details: Record<string, unknown>;
}

const Details = z.record(z.string(), z.unknown());

const detailsOf = (text: string | null | undefined): Record<string, unknown> => {
  try {
    return Details.parse(JSON.parse(text ?? ""));
  } catch {
    return {};
  }
};

/** What a successful answer holds; throws when it was refused. */
export const ok = async <T>(answer: PromiseLike<Answer<T>>): Promise<NonNullable<T>> => {
  const { data, error, status } = await answer;
  if (error) throw new Error(`${status} ${error.code} ${error.message} ${error.details ?? ""}`);
  if (data === null || data === undefined) throw new Error(`${status} without data`);
  return data;
};

/** Why an answer was refused; throws when it was not. */
export const refusal = async (answer: PromiseLike<Answer<unknown>>): Promise<Refusal> => {
  const { data, error, status } = await answer;
  if (!error) throw new Error(`Expected a refusal, got ${status} ${JSON.stringify(data)}`);
  const isOurs = /^PT\d{3}$/.test(error.code);
  return { code: isOurs ? error.message : error.code, status, details: detailsOf(error.details) };
};
