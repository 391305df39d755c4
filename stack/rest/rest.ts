import { type Caller, CallerRefused, type Doorkeeper } from "../auth/api-keys.ts";
import type { Database } from "../database/database.ts";
import { allowAnswer } from "./allow.ts";
import { answer, errorAnswer } from "./answer.ts";
import { commandFor } from "./commands/command-for.ts";
import { asRestError } from "./database-error.ts";
import { openApi } from "./openapi.ts";
import { readRequest, schemaOf, targetOf } from "./request.ts";
import { restError } from "./rest-error.ts";
import { run } from "./run.ts";
import { createSchemaCache } from "./schema/schema-cache.ts";
import { requestSettings } from "./settings.ts";

export interface RestPorts {
  database: Database;
  doorkeeper: Doorkeeper;
  /** `[api]` of config.toml. */
  api: { schemas: string[]; extra_search_path: string[]; max_rows: number };
}

export interface Rest {
  fetch(request: Request): Promise<Response>;
  stop(): Promise<void>;
}

/**
 * Serves /rest/v1/* as PostgREST does: a request becomes one SQL statement, run in a transaction of
 * its own as the caller's role, and the database writes the answer's JSON.
 */
export const createRest = async ({ database, doorkeeper, api }: RestPorts): Promise<Rest> => {
  const cache = await createSchemaCache(database, api.schemas);

  const respond = async (request: Request, caller: Caller): Promise<Response> => {
    const url = new URL(request.url);
    const path = url.pathname.slice("/rest/v1".length);
    if (request.method === "OPTIONS") {
      const space = schemaOf(request.headers.get("accept-profile"), api.schemas);
      const target = path === "" || path === "/" ? undefined : targetOf(path);
      return allowAnswer(await cache.current(), space, target);
    }
    if (path === "/" && request.method === "GET") {
      return describe(caller, request.url);
    }
    const asked = await readRequest(request, url, path, api.schemas);
    const command = commandFor(asked, await cache.current(), api.max_rows);
    const { isReadOnly } = command;
    const settings = requestSettings(caller, request, asked, isReadOnly, api.extra_search_path);
    const { row, total } = await run(database, command, settings, asked, api.max_rows);
    return answer(asked, command, row, total);
  };

  /** As on Supabase, the whole interface is no business of clients. */
  const describe = async (caller: Caller, url: string): Promise<Response> => {
    if (caller.role !== "service_role") {
      throw restError(
        401,
        "PGRST126",
        "Access to schema is forbidden",
        null,
        "Accessing the schema via the Data API is only allowed using a secret API key.",
      );
    }
    return Response.json(openApi(await cache.current(), api.schemas[0] ?? "public", url), {
      headers: { "content-type": "application/openapi+json; charset=utf-8" },
    });
  };

  return {
    fetch: async (request) => {
      let caller: Caller | undefined;
      try {
        caller = await doorkeeper.identify(request);
        return await respond(request, caller);
      } catch (error) {
        if (error instanceof CallerRefused) return error.response;
        return errorAnswer(asRestError(error, caller?.role === "anon"), request.method);
      }
    },
    stop: () => cache.stop(),
  };
};
