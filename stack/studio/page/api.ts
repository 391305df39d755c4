import type { Table } from "../catalog.ts";
import type { Page } from "../rows.ts";
import type { ScriptResult } from "../script.ts";

/** What the Studio's server, or a service behind it, said no to. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly details: { detail?: string; hint?: string; code?: string } = {},
  ) {
    super(message);
  }
}

const send = async (path: string, init: RequestInit): Promise<Response> => {
  const response = await fetch(path, init).catch(() => {
    throw new Refusal("The stack does not answer. Is it running?");
  });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Refusal(body.message ?? body.msg ?? body.error ?? `Status ${response.status}`, body);
};

/** The answer's type is the word of the Studio's own server. */
const call = async <T>(path: string, body?: unknown, method = "POST"): Promise<T> => {
  const init: RequestInit =
    body === undefined
      ? { method }
      : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return (await send(path, init)).json();
};

export type Row = Record<string, string | null>;

export interface RowsQuery {
  schema: string;
  table: string;
  offset?: number;
  order?: { column: string; isDescending: boolean } | undefined;
  filter?: { column: string; operator: string; value: string } | undefined;
}

interface Named {
  schema: string;
  table: string;
}

export const readTables = async () =>
  (await call<{ tables: Table[] }>("/api/tables", undefined, "GET")).tables;
export const readRows = (query: RowsQuery) => call<Page>("/api/rows", query);
export const readCell = (request: Named & { key: Row; column: string }) =>
  call<{ value: string | null }>("/api/cell", request);
export const insertRow = (request: Named & { values: Row }) => call("/api/insert", request);
export const updateRow = (request: Named & { key: Row; values: Row }) =>
  call("/api/update", request);
export const deleteRows = (request: Named & { keys: Row[] }) => call("/api/delete", request);
export const runScript = async (script: string) =>
  (await call<{ results: ScriptResult[] }>("/api/script", { script })).results;

export interface User {
  id: string;
  email?: string;
  phone?: string;
  is_anonymous?: boolean;
  created_at: string;
  last_sign_in_at?: string | null;
  email_confirmed_at?: string | null;
  banned_until?: string | null;
  app_metadata: { providers?: string[] };
}

const users = "/auth/v1/admin/users";

export const listUsers = async (page: number, perPage: number) =>
  (await call<{ users: User[] }>(`${users}?page=${page}&per_page=${perPage}`, undefined, "GET"))
    .users;
export const createUser = (email: string, password: string) =>
  call<User>(users, { email, password, email_confirm: true });
export const banUser = (id: string, isBanned: boolean) =>
  call<User>(`${users}/${id}`, { ban_duration: isBanned ? "876000h" : "none" }, "PUT");
export const deleteUser = (id: string) => send(`${users}/${id}`, { method: "DELETE" });

export interface Bucket {
  id: string;
  public: boolean;
}

export interface Entry {
  name: string;
  /** Null for a folder. */
  id: string | null;
  updated_at: string | null;
  metadata: { size?: number; mimetype?: string } | null;
}

const storage = "/storage/v1";
const pathOf = (bucket: string, name: string) =>
  [bucket, ...name.split("/")].map(encodeURIComponent).join("/");

export const listBuckets = () => call<Bucket[]>(`${storage}/bucket`, undefined, "GET");
export const createBucket = (id: string, isPublic: boolean) =>
  call(`${storage}/bucket`, { id, name: id, public: isPublic });
export const deleteBucket = (id: string) =>
  call(`${storage}/bucket/${encodeURIComponent(id)}`, {}, "DELETE");
export const listFiles = (bucket: string, prefix: string, offset: number) =>
  call<Entry[]>(`${storage}/object/list/${encodeURIComponent(bucket)}`, {
    prefix,
    offset,
    limit: 100,
    sortBy: { column: "name", order: "asc" },
  });
export const uploadFile = (bucket: string, name: string, file: File) =>
  send(`${storage}/object/${pathOf(bucket, name)}`, {
    method: "POST",
    body: file,
    headers: { "content-type": file.type || "application/octet-stream", "x-upsert": "true" },
  });
export const deleteFile = (bucket: string, name: string) =>
  call(`${storage}/object/${encodeURIComponent(bucket)}`, { prefixes: [name] }, "DELETE");
export const downloadFile = async (bucket: string, name: string): Promise<Blob> =>
  (await send(`${storage}/object/authenticated/${pathOf(bucket, name)}`, {})).blob();
