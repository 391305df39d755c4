import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { isDatabaseError } from "../database/database.ts";
import { buildPages } from "../pages/build.ts";
import { readTables } from "./catalog.ts";
import { openDatabase } from "./database.ts";
import { refuseForeign } from "./loopback.ts";
import * as rows from "./rows.ts";
import { runScript } from "./script.ts";

export interface StudioPorts {
  databaseUrl: string;
  secretKey: string;
  /** Answers /auth/v1/*. */
  auth(request: Request): Promise<Response>;
  /** Answers /storage/v1/* as service_role. */
  storage(request: Request): Promise<Response>;
}

export interface Studio {
  /** Serves the whole of the Studio's own port; `peer` is the client's address. */
  fetch(request: Request, peer?: string): Promise<Response>;
  stop(): Promise<void>;
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const built = join(folder, "page", "dist");

const Script = z.object({ script: z.string().max(1_000_000) });

/** Whoever made a file must not get to run it as a page of the Studio's. */
const harmless = {
  "content-security-policy": "default-src 'none'; sandbox",
  "content-disposition": "attachment",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

const refusal = (status: 400 | 413 | 500, message: string, details: object = {}) =>
  Response.json({ message, ...details }, { status });

/**
 * The administrators' pages: tables, SQL, users and files. Who may open them may do everything, as
 * `postgres` and `service_role`; that is why they have a port of their own, answer to this machine's
 * own browser alone, and nothing of the API's port leads here.
 */
export const createStudio = (ports: StudioPorts): Studio => {
  const database = openDatabase(ports.databaseUrl);
  const app = new Hono();

  const command = <T>(path: string, shape: z.ZodType<T>, run: (request: T) => Promise<object>) =>
    app.post(path, bodyLimit({ maxSize: 8 * 1024 * 1024 }), async (context) => {
      const request = shape.parse(await context.req.json());
      return context.json(await run(request), 200, { "cache-control": "no-store" });
    });

  app.get("/api/tables", async (context) =>
    context.json({ tables: await readTables(database.catalog) }),
  );
  command("/api/rows", rows.RowsRequest, (request) => rows.readRows(database, request));
  command("/api/cell", rows.CellRequest, (request) => rows.readCell(database, request));
  command("/api/insert", rows.InsertRequest, (request) => rows.insertRow(database, request));
  command("/api/update", rows.UpdateRequest, (request) => rows.updateRow(database, request));
  command("/api/delete", rows.DeleteRequest, (request) => rows.deleteRows(database, request));
  command("/api/script", Script, async ({ script }) => ({
    results: await database.session((session) => runScript(session, script)),
  }));

  const asService = (request: Request): Request => {
    const headers = new Headers(request.headers);
    for (const name of ["authorization", "cookie", "origin"]) headers.delete(name);
    headers.set("apikey", ports.secretKey);
    const { url, method, body } = request;
    return new Request(url, { method, headers, ...(body && { body, duplex: "half" }) });
  };
  const passTo = (service: (request: Request) => Promise<Response>) => async (request: Request) => {
    const answer = await service(asService(request));
    const { status, statusText, body } = answer;
    const headers = new Headers(answer.headers);
    for (const [name, value] of Object.entries(harmless)) headers.set(name, value);
    return new Response(body, { status, statusText, headers });
  };
  const auth = passTo(ports.auth);
  const storage = passTo(ports.storage);
  app.all("/auth/v1/admin/*", (context) => auth(context.req.raw));
  app.all("/storage/v1/*", (context) => storage(context.req.raw));

  // Built when somebody first looks, since most starts are for programs.
  let building: Promise<void> | undefined;
  app.use("/*", async (_context, next) => {
    building ??= buildPages(folder);
    await building.catch((error) => {
      building = undefined;
      if (!existsSync(join(built, "index.html"))) throw error;
    });
    await next();
  });
  // Made when asked: before the build it would complain on the console that its folder is missing.
  app.get("/*", (context, next) => serveStatic({ root: built })(context, next));

  app.notFound(() => Response.json({ message: "There is nothing here." }, { status: 404 }));
  app.onError((error) => {
    if (error instanceof HTTPException) return refusal(413, "The request is too large.");
    if (error instanceof rows.BadRequest) return refusal(400, error.message);
    if (error instanceof z.ZodError) return refusal(400, z.prettifyError(error));
    if (error instanceof SyntaxError) return refusal(400, "The request is not JSON.");
    if (!isDatabaseError(error)) return refusal(500, error.message);
    const { code, detail, hint } = error;
    const position = "position" in error ? error.position : undefined;
    return refusal(400, error.message, { code, detail, hint, position });
  });

  return {
    fetch: async (request, peer) => refuseForeign(request, peer) ?? app.fetch(request),
    stop: () => database.stop(),
  };
};
