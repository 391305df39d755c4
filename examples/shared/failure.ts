/** A refused or failed request in words for people, with the shop's stable code. */
export class Failure extends Error {
  override name = "Failure";
  /** Such as `out_of_stock`; `offline` when the shop could not be reached. */
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

const offline = () =>
  new Failure("offline", "The shop cannot be reached. Check your connection and try again.");

const unexplained = "Something went wrong on our side. Please try again.";

/**
 * Understands what supabase-js gives as `error`: a PostgREST error, whose message is the code, whose
 * hint is a sentence and whose details are JSON; or a function's problem document.
 */
export const failureFrom = async (error: unknown): Promise<Failure> => {
  if (error instanceof Failure) return error;
  if (!isObject(error)) return offline();
  if (error.name === "FunctionsFetchError") return offline();
  if (error.context instanceof Response) return problemOf(error.context);
  const message = textOf(error.message);
  if (/failed to fetch|networkerror|load failed/i.test(message)) return offline();
  const isOurs = textOf(error.code).startsWith("PT");
  if (isOurs) return new Failure(message, sentence(error.hint), parse(error.details));
  return new Failure(textOf(error.code) || "unknown", sentence(error.hint, message));
};

const problemOf = async (response: Response): Promise<Failure> => {
  const body: unknown = await response.json().catch(() => undefined);
  if (!isObject(body)) return new Failure("internal", unexplained);
  const details = isObject(body.details) ? body.details : {};
  return new Failure(textOf(body.code) || "internal", sentence(body.detail, body.title), details);
};

/** The data of a supabase-js request; throws a `Failure` when it was refused, failed or is empty. */
export const dataOf = async <Data>(
  request: PromiseLike<{ data: Data; error: unknown }>,
): Promise<NonNullable<Data>> => {
  const { data, error } = await request;
  if (error) throw await failureFrom(error);
  if (data === null || data === undefined) throw new Failure("not_found", "There is nothing here.");
  return data;
};

/** The field that was refused and why, as `invalid_input` names it. */
export const fieldProblem = (failure: Failure): { field: string; message: string } | undefined => {
  const { field, message } = failure.details;
  return typeof field === "string" && typeof message === "string" ? { field, message } : undefined;
};

export interface ShortLine {
  variantId: string;
  title: string;
  available: number;
}

/** The lines that `out_of_stock` names. */
export const shortLines = (details: Readonly<Record<string, unknown>>): ShortLine[] => {
  const lines: readonly unknown[] = Array.isArray(details.lines) ? details.lines : [];
  return lines.filter(isObject).map((line) => ({
    variantId: textOf(line.variant_id),
    title: textOf(line.title),
    available: typeof line.available === "number" ? line.available : 0,
  }));
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const sentence = (...candidates: readonly unknown[]): string =>
  candidates.map(textOf).find((text) => text !== "") ?? unexplained;

const parse = (details: unknown): Record<string, unknown> => {
  try {
    const value: unknown = typeof details === "string" ? JSON.parse(details) : details;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
};
