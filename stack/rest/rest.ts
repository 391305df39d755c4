import { CallerRefused, type Doorkeeper } from "../auth/api-keys.ts";
import type { Database } from "../database/database.ts";
import { answer, errorAnswer } from "./answer.ts";
import { commandFor } from "./command.ts";
import { asRestError } from "./database-error.ts";
import { readRequest } from "./request.ts";
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

  const serve = async (request: Request): Promise<Response> => {
    const caller = await doorkeeper.identify(request);
    try {
      const asked = await readRequest(request, api.schemas);
      const command = commandFor(asked, await cache.current(), api.max_rows);
      const settings = requestSettings(caller, request, asked.path, command.isReadOnly);
      const { row, total } = await run(database, command, settings, asked, api.max_rows);
      return answer(asked, command, row, total);
    } catch (error) {
      return errorAnswer(asRestError(error, caller.role === "anon"), request.method);
    }
  };

  return {
    fetch: async (request) => {
      try {
        return await serve(request);
      } catch (error) {
        if (error instanceof CallerRefused) return error.response;
        throw error;
      }
    },
    stop: () => cache.stop(),
  };
};
