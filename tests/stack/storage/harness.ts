import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDoorkeeper, legacyKeys } from "../../../stack/auth/api-keys.ts";
import { createTokens } from "../../../stack/auth/tokens.ts";
import type { Database } from "../../../stack/database/database.ts";
import { openProject } from "../../../stack/database/project.ts";
import { localKeys } from "../../../stack/keys.ts";
import { closeServer, listenerOf, listenOn } from "../../../stack/listen.ts";
import { createStorage } from "../../../stack/storage/storage.ts";

export const openDatabase = (): Promise<Database> =>
  openProject({ folder: "tests/platform/project/supabase", seeds: [] });

export interface StorageAlone {
  url: string;
  port: number;
  folder: string;
  /** Asks as service_role. */
  ask(path: string, init?: RequestInit & { duplex?: "half" }): Promise<Response>;
  /** Names of all files kept, notes and drafts included. */
  files(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface Settings {
  database: Database;
  folder?: string;
  fileSizeLimit?: string;
}

/** Storage on an HTTP server of its own, over the given database. */
export const startStorage = async (settings: Settings): Promise<StorageAlone> => {
  const { database, fileSizeLimit = "1MiB" } = settings;
  const folder = settings.folder ?? (await mkdtemp(join(tmpdir(), "storage-")));
  const tokens = createTokens(localKeys.jwtSecret);
  const keys = { ...localKeys, ...(await legacyKeys(tokens)) };
  const storage = await createStorage({
    database,
    settings: { file_size_limit: fileSizeLimit, buckets: {} },
    folder,
    projectFolder: folder,
    jwtSecret: keys.jwtSecret,
    tokens,
    doorkeeper: createDoorkeeper(keys, tokens),
    log: () => undefined,
  });
  const server = await listenOn(
    createServer(
      listenerOf((request) =>
        storage.fetch(request).catch(() => new Response("failed", { status: 500 })),
      ),
    ),
    0,
  );
  const address: AddressInfo | string | null = server.address();
  const port = address && typeof address === "object" ? address.port : 0;
  const url = `http://127.0.0.1:${port}/storage/v1`;
  return {
    url,
    port,
    folder,
    ask: (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("apikey", keys.secret);
      return fetch(`${url}/${path}`, { ...init, headers });
    },
    files: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
    stop: async () => {
      await closeServer(server);
      storage.stop();
      if (!settings.folder) await rm(folder, { recursive: true, force: true });
    },
  };
};
