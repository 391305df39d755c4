import type { z } from "zod";
import { ProviderFailure } from "./provider.ts";

/** Milliseconds for which a provider's answer is waited for. */
const patience = 10_000;

/** Asks a provider for JSON; throws `ProviderFailure` for no answer, a refusal or another shape. */
export const askProvider = async <T>(
  schema: z.ZodType<T>,
  url: string,
  init: RequestInit = {},
): Promise<T> => {
  const host = new URL(url).host;
  const headers = new Headers(init.headers);
  headers.set("accept", "application/json");
  // GitHub refuses requests without one.
  headers.set("user-agent", "supamarket-auth");
  const signal = AbortSignal.timeout(patience);
  const response = await fetch(url, { ...init, headers, signal }).catch((error: unknown) => {
    throw new ProviderFailure(`${host} does not answer`, { cause: error });
  });
  const text = await response.text();
  if (!response.ok) {
    throw new ProviderFailure(`${host} answered ${response.status}: ${text.slice(0, 300)}`);
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ProviderFailure(`${host} answered something else: ${text.slice(0, 300)}`);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
