import { clientAt } from "../../support/client.ts";
import { platform } from "../support/platform.ts";

export interface Asked extends RequestInit {
  headers?: Record<string, string>;
  /** The publishable key unless named. */
  key?: string;
}

/** A request to the REST interface as any HTTP client sends it: what supabase-js has no method for. */
export const ask = (path: string, { key, headers, ...init }: Asked = {}): Promise<Response> =>
  fetch(`${platform().url}/rest/v1/${path}`, {
    ...init,
    headers: { apikey: key ?? platform().publishableKey, ...headers },
  });

export const secret = () => platform().secretKey;

export const json = (
  value: unknown,
): Pick<Asked, "body"> & { headers: Record<string, string> } => ({
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" },
});

let counter = 0;

/** A text that no other test writes. */
export const unique = (prefix: string): string =>
  `${prefix}-${Date.now().toString(36)}-${process.pid.toString(36)}-${counter++}`;

/** Tells supabase-js's types which PostgREST answers: some methods are offered from 13 on. */
interface Version14 {
  __InternalSupabase: { PostgrestVersion: "14" };
  // biome-ignore lint/suspicious/noExplicitAny: supabase-js's own default for an unknown schema
  public: any;
}

/** Acts as service_role, with every method of supabase-js. */
export const serviceClient14 = () => clientAt<Version14>(platform().url, platform().secretKey);
