import { randomUUID } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import { platform, publicClient } from "../support/platform.ts";

export interface User {
  id: string;
  client: SupabaseClient;
  /** The user's access token. */
  token: string;
}

/** A guest, signed in. */
export const aUser = async (): Promise<User> => {
  const client = publicClient();
  const { data, error } = await client.auth.signInAnonymously();
  if (error) throw error;
  return { client, id: data.user?.id ?? "", token: data.session?.access_token ?? "" };
};

/** A name that no other test uses. */
export const unique = (name: string) => `${randomUUID().slice(0, 8)}-${name}`;

export const bytesOf = async (body: Blob | Response | null): Promise<Uint8Array> =>
  new Uint8Array((await body?.arrayBuffer()) ?? []);

export const textOf = async (body: Blob | null): Promise<string> => (await body?.text()) ?? "";

/** `path` below /storage/v1/, asked without any client; `as` sends that user's token. */
export const ask = (
  path: string,
  { as, ...init }: RequestInit & { as?: User; duplex?: "half" } = {},
): Promise<Response> => {
  const headers = new Headers(init.headers);
  if (as) {
    headers.set("apikey", platform().publishableKey);
    headers.set("authorization", `Bearer ${as.token}`);
  }
  return fetch(`${platform().url}/storage/v1/${path}`, { ...init, headers });
};

/** What the error of a client's answer says, as one thing to compare. */
export const refusalOf = ({ error }: { error: unknown }) => {
  if (!(error instanceof Error)) return null;
  return {
    message: error.message,
    ...("status" in error && { status: error.status }),
    ...("statusCode" in error && { statusCode: error.statusCode }),
  };
};

/** A refusal by policies. */
export const deniedByPolicy = {
  message: "new row violates row-level security policy",
  status: 400,
  statusCode: "403",
};

export const objectNotFound = { message: "Object not found", status: 400, statusCode: "404" };

export const bucketNotFound = { message: "Bucket not found", status: 400, statusCode: "404" };

export const duplicate = { message: "The resource already exists", status: 400, statusCode: "409" };
