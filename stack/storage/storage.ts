import { App, setExperimental } from "@supabase/lite";
import { apiKeyOf, CallerRefused, type Doorkeeper } from "../auth/api-keys.ts";
import { asRole } from "../auth/as-role.ts";
import type { Database } from "../database/database.ts";
import { StackConnection } from "../rest/connection.ts";
import { createStorageAdapter } from "./adapter.ts";
import type { FileStore } from "./file-store.ts";
import { parseSize, type StorageSettings } from "./settings.ts";
import { signing } from "./signed.ts";

export interface StoragePorts {
  database: Database;
  settings: StorageSettings;
  files: FileStore;
  jwtSecret: string;
  doorkeeper: Doorkeeper;
}

export interface Storage {
  /** Serves /storage/v1/*. */
  fetch(request: Request): Promise<Response>;
}

/** Makes the buckets of config.toml, and brings those that exist in line with it. */
const ensureBuckets = async (database: Database, settings: StorageSettings) => {
  for (const [id, bucket] of Object.entries(settings.buckets)) {
    await database.query(
      `insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
       values ($1, $1, $2, $3, (select array_agg(t) from jsonb_array_elements_text($4::text::jsonb) t))
       on conflict (id) do update set
         public = excluded.public,
         file_size_limit = excluded.file_size_limit,
         allowed_mime_types = excluded.allowed_mime_types`,
      [
        id,
        bucket.public,
        bucket.file_size_limit ? parseSize(bucket.file_size_limit) : null,
        JSON.stringify(bucket.allowed_mime_types ?? []),
      ],
    );
  }
};

/**
 * Supabase Storage by lite: rows in storage.objects under row level security of the caller, files
 * in the given store.
 */
export const createStorage = async (ports: StoragePorts): Promise<Storage> => {
  // lite keeps its storage behind this switch until it is called stable.
  setExperimental("storage", true);
  const database = asRole(ports.database, "supabase_storage_admin");
  await ensureBuckets(database, ports.settings);

  const app = new App({
    connection: new StackConnection(database),
    auth: { enabled: true, jwt_secret: ports.jwtSecret },
    storage: { enabled: true, file_size_limit: ports.settings.file_size_limit },
    options: {
      server: {
        disableStudio: true,
        apiKeys: { resolver: (key) => ports.doorkeeper.resolve(key) },
      },
    },
  });
  app._storageAdapter = createStorageAdapter(ports.files);
  await app.init();
  const fetch = signing(app.fetch);

  return {
    fetch: async (request) => {
      try {
        // As on Supabase, Storage itself asks for no key: public and signed addresses work alone.
        if (request.method !== "OPTIONS" && apiKeyOf(request)) ports.doorkeeper.admit(request);
        return await fetch(request);
      } catch (error) {
        if (error instanceof CallerRefused) return error.response;
        throw error;
      }
    },
  };
};
