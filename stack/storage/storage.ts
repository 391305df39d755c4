import { CallerRefused, type Doorkeeper } from "../auth/api-keys.ts";
import type { Tokens } from "../auth/tokens.ts";
import { asRole } from "../database/as-role.ts";
import type { Database } from "../database/database.ts";
import { createAccess } from "./access.ts";
import { type Caller, createCallers, nobody, service } from "./caller.ts";
import { ensureBuckets, seedObjects } from "./config-buckets.ts";
import { routeNotFound, StorageError } from "./errors.ts";
import { openFiles } from "./files.ts";
import { createImageRenderer } from "./image.ts";
import { type IncomingBody, incomingBody } from "./incoming.ts";
import { createResumable } from "./resumable.ts";
import { createRouter, type Route } from "./router.ts";
import { storageRoutes } from "./routes.ts";
import { parseSize, type StorageSettings } from "./settings.ts";
import { createSignatures } from "./signatures.ts";

export interface StoragePorts {
  database: Database;
  settings: StorageSettings;
  /** Where files are kept. */
  folder: string;
  /** The project's `supabase/` folder, which `objects_path` is relative to. */
  projectFolder: string;
  jwtSecret: string;
  tokens: Tokens;
  doorkeeper: Doorkeeper;
  log(message: string): void;
}

export interface Storage {
  /** Serves /storage/v1/*. */
  fetch(request: Request): Promise<Response>;
  /** As `fetch`, acting as service_role whatever the request carries: for the Studio. */
  asService(request: Request): Promise<Response>;
  stop(): void;
}

/**
 * Supabase Storage's interface: rows in storage.objects under row level security of the caller,
 * files in a folder.
 */
export const createStorage = async (ports: StoragePorts): Promise<Storage> => {
  const { database, settings, log } = ports;
  const fileSizeLimit = parseSize(settings.file_size_limit);
  const files = await openFiles(ports.folder);
  await files.recover(async (versions) => {
    const { rows } = await database.query<{ version: string }>(
      `select version from storage.objects
       where version in (select jsonb_array_elements_text($1::text::jsonb))`,
      [JSON.stringify(versions)],
    );
    return new Set(rows.map(({ version }) => version));
  });
  await ensureBuckets(asRole(database, "supabase_storage_admin"), settings.buckets);
  const { buckets } = settings;
  await seedObjects({ database, files, buckets, folder: ports.projectFolder, fileSizeLimit });

  const signatures = createSignatures(ports.jwtSecret);
  const resumable = createResumable({ files, signatures, fileSizeLimit, log });
  const images = createImageRenderer();
  const routes = storageRoutes({ files, signatures, fileSizeLimit, images, resumable });
  const find = createRouter(routes);
  const callers = createCallers(ports.doorkeeper, ports.tokens);

  const admit = async (request: Request, { admission }: Route): Promise<Caller | null> => {
    switch (admission) {
      case "required":
        return callers.identify(request);
      case "optional":
        return callers.recognise(request);
      case "none":
        return null;
    }
  };

  const answer = async (
    request: Request,
    body: IncomingBody,
    identify: typeof admit,
  ): Promise<Response> => {
    const url = new URL(request.url);
    const match = find(request.method, url.pathname);
    if (!match) throw routeNotFound(request.method, url.pathname.slice("/storage/v1".length));
    const { route, params } = match;
    const caller = await identify(request, route);
    const access = createAccess(database, request, caller ?? nobody, route.operation);
    return route.handle({ request, url, params, body, caller, access });
  };

  const serve = async (request: Request, identify: typeof admit): Promise<Response> => {
    const body = incomingBody(request);
    try {
      return await answer(request, body, identify);
    } catch (error) {
      const refusal = error instanceof CallerRefused || error instanceof StorageError;
      if (!refusal) throw error;
      if (error instanceof StorageError && error.status >= 500) {
        log(`${request.method} ${new URL(request.url).pathname}: ${error.cause ?? error.stack}`);
      }
      const { response } = error;
      // What the client still sends is no part of its next request.
      if (!(await body.drain())) response.headers.set("connection", "close");
      return response;
    }
  };

  return {
    fetch: (request) => serve(request, admit),
    asService: (request) => serve(request, async () => service),
    stop: () => resumable.stop(),
  };
};
