import { App } from "@supabase/lite";
import { type ApiKeys, CallerRefused, type Doorkeeper, forLite } from "../auth/api-keys.ts";
import type { Database } from "../database/database.ts";
import { preflight } from "../gateway/preflight.ts";
import { StackConnection } from "./connection.ts";
import { quietenLite } from "./quiet.ts";

export interface RestPorts {
  database: Database;
  doorkeeper: Doorkeeper;
  keys: ApiKeys;
  jwtSecret: string;
  api: { schemas: string[]; extra_search_path: string[]; max_rows: number };
}

/** Serves /rest/v1/*: PostgREST's interface by lite, once the caller is known. */
export const createRest = async ({ database, doorkeeper, keys, jwtSecret, api }: RestPorts) => {
  quietenLite();
  const app = new App({
    connection: new StackConnection(database),
    api,
    auth: { enabled: true, jwt_secret: jwtSecret },
    options: {
      server: {
        disableStudio: true,
        apiKeys: { resolver: (key: string) => doorkeeper.resolve(key) },
      },
    },
  });
  await app.init();

  const isPreflight = (request: Request) =>
    request.method === "OPTIONS" && request.headers.has("access-control-request-method");

  return async (request: Request): Promise<Response> => {
    // lite would look for a function without parameters and answer 404 to most calls' preflight.
    if (isPreflight(request)) return preflight(request);
    try {
      const caller = await doorkeeper.identify(request);
      return await app.fetch(forLite(request, caller, keys));
    } catch (error) {
      if (error instanceof CallerRefused) return error.response;
      throw error;
    }
  };
};
