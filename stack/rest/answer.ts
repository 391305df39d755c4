import { z } from "zod";
import { TextResponse } from "../text-response.ts";
import type { Command } from "./commands/command.ts";
import { appliedPreferences } from "./preferences.ts";
import type { RestRequest } from "./request.ts";
import { type RestError, restError } from "./rest-error.ts";
import type { AnswerRow } from "./sql/answer.ts";

/** Throws when the result is not what the request insists on; what it changed must be undone. */
export const refuseUnfit = (
  { media, preferences, query }: RestRequest,
  command: Command,
  row: AnswerRow,
  total: number | undefined,
) => {
  const count = Number(row.page_total);
  if (media.kind === "object" && count !== 1) {
    throw restError(
      406,
      "PGRST116",
      "Cannot coerce the result to a single JSON object",
      `The result contains ${count} rows`,
    );
  }
  const most = preferences["max-affected"];
  const isChange =
    command.kind === "update" || command.kind === "delete" || command.kind === "call";
  if (isChange && preferences.handling === "strict" && most !== undefined && count > most) {
    throw restError(
      400,
      "PGRST124",
      "Query result exceeds max-affected preference constraint",
      `The query affects ${count} rows`,
    );
  }
  const offset = query.scopes.get("")?.offset ?? 0;
  const isPage = command.kind === "read" || command.kind === "call";
  if (isPage && total !== undefined && offset > total) {
    throw restError(
      416,
      "PGRST103",
      "Requested range not satisfiable",
      `An offset of ${offset} was requested, but there are only ${total} rows.`,
      null,
      { "content-range": `*/${total}` },
    );
  }
};

/** `total`: the number of all rows, whatever the page, if it was asked for. */
export const answer = (
  request: RestRequest,
  command: Command,
  row: AnswerRow,
  total: number | undefined,
): Response => {
  const { preferences, media, method, profile } = request;
  const headers = new Headers();
  if (method !== "PUT") headers.set("content-range", contentRange(request, command, row, total));
  const { resolution: _, ...others } = preferences;
  const meant = command.isKeyless ? others : preferences;
  const applied = appliedPreferences(meant, method === "PUT" ? "put" : command.kind);
  if (applied !== "") headers.set("preference-applied", applied);
  if (command.isLocated && row.page_total === "1") {
    headers.set("location", locationOf(request, row.body));
  }
  const own = ownHeaders(row);
  for (const [name] of own) headers.delete(name);
  for (const [name, value] of own) headers.append(name, value);
  const status = ownStatus(row) ?? statusFor(command, row, total);
  const hasBody = command.isShown && status !== 204;
  if (hasBody || request.method === "HEAD") {
    if (!headers.has("content-type")) headers.set("content-type", media.type);
    if (profile !== undefined) headers.set("content-profile", profile);
  }
  return hasBody
    ? new TextResponse(row.body, { status, headers })
    : new Response(null, { status, headers });
};

/** Where the one new row is, by its key. */
const locationOf = ({ path }: RestRequest, body: string): string => {
  const [key]: Record<string, unknown>[] = JSON.parse(body);
  const filters = Object.entries(key ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=eq.${encodeURIComponent(String(value))}`,
  );
  return `${path}?${filters.join("&")}`;
};

const statusFor = (command: Command, row: AnswerRow, total: number | undefined) => {
  switch (command.kind) {
    case "insert":
      return 201;
    case "upsert":
      return Number(row.inserted) > 0 ? 201 : 200;
    case "update":
    case "delete":
      return command.isShown ? 200 : 204;
    default: {
      if (command.isVoid) return 204;
      if (total === undefined) return 200;
      return Number(row.page_total) < total ? 206 : 200;
    }
  }
};

const contentRange = (
  request: RestRequest,
  command: Command,
  row: AnswerRow,
  total: number | undefined,
) => {
  const count = Number(row.page_total);
  const first = request.query.scopes.get("")?.offset ?? 0;
  const isList = !["insert", "upsert", "delete"].includes(command.kind) && count > 0;
  return `${isList ? `${first}-${first + count - 1}` : "*"}/${total ?? "*"}`;
};

const ownStatus = ({ status }: AnswerRow): number | undefined => {
  if (status === null) return undefined;
  const code = Number(status);
  if (Number.isInteger(code) && code >= 200 && code < 600) return code;
  throw badStatus();
};

export const badStatus = () =>
  restError(500, "PGRST112", "response.status guc must be a valid status code");

const OwnHeaders = z.array(
  z.record(z.string(), z.string()).refine((one) => Object.keys(one).length === 1),
);

const ownHeaders = ({ headers }: AnswerRow): [string, string][] => {
  if (headers === null) return [];
  try {
    return OwnHeaders.parse(JSON.parse(headers)).flatMap((one) => Object.entries(one));
  } catch {
    throw badHeaders();
  }
};

export const badHeaders = () =>
  restError(
    500,
    "PGRST111",
    "response.headers guc must be a JSON array composed of objects with a single key and a string value",
  );

export const errorAnswer = ({ status, body, headers }: RestError, method: string): Response =>
  new Response(method === "HEAD" ? null : JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "proxy-status": `PostgREST; error=${body.code}`,
      ...headers,
    },
  });
