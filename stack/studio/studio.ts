import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { App, setExperimental } from "@supabase/lite";
import type { Database } from "../database/database.ts";
import { StackConnection } from "../rest/connection.ts";
import { refuseForeign } from "./loopback.ts";

export interface StudioPorts {
  database: Database;
  jwtSecret: string;
  /** Schemas that the Data API exposes. */
  schemas: string[];
  /** Answers /storage/v1/* as service_role. */
  storage(request: Request): Promise<Response>;
}

export interface Studio {
  /** Serves the whole of the Studio's own port; `peer` is the client's address. */
  fetch(request: Request, peer?: string): Promise<Response>;
}

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
  ".ico": "image/x-icon",
  ".svg": "image/svg+xml",
};

const assetName = /^\/static\/((?:assets\/)?[\w.-]+)$/;

const asset = async (name: string): Promise<Response> => {
  const path = fileURLToPath(import.meta.resolve(`@supabase/lite/static/${name}`));
  const body = await readFile(path).catch(() => null);
  if (!body) return new Response("Not found", { status: 404 });
  return new Response(body, {
    headers: {
      "content-type": types[extname(name)] ?? "application/octet-stream",
      "cache-control": name.startsWith("assets/")
        ? "public, max-age=31536000, immutable"
        : "no-cache",
    },
  });
};

/**
 * lite's Studio look-alike in its admin mode, where a request without key acts as service_role.
 * That is why it is an app of its own: nothing else may be served from it, it answers to this
 * machine's loopback alone, and the API's app never has this mode.
 */
export const createStudio = async (ports: StudioPorts): Promise<Studio> => {
  setExperimental("storage", true);
  const app = new App({
    connection: new StackConnection(ports.database),
    api: { schemas: ports.schemas },
    auth: { enabled: true, jwt_secret: ports.jwtSecret },
    storage: { enabled: true },
    studio: { enabled: true },
    options: { server: { admin: true } },
  });
  await app.init();

  return {
    fetch: async (request, peer) => {
      const refusal = refuseForeign(request, peer);
      if (refusal) return refusal;
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/storage/v1/")) return ports.storage(request);
      const [, name] = assetName.exec(pathname) ?? [];
      return name ? asset(name) : app.fetch(request, { peerAddress: peer ?? "127.0.0.1" });
    },
  };
};
