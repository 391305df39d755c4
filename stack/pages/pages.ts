import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";

export interface PagesOptions {
  /** Every `<folder>/<name>/dist` is served at `/<name>/`. */
  folder: string;
  /** Given to the pages as `/<name>/config.json`. */
  config: { url: string; publishableKey: string; mailUrl: string };
}

/** Names of the built example pages under `folder`. */
export const builtPages = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => existsSync(join(folder, name, "dist", "index.html"))).sort();
};

/** Serves the project's built example pages; unknown paths below a page are its client routes. */
export const createPages = async ({ folder, config }: PagesOptions) => {
  const app = new Hono();
  const names = await builtPages(folder);
  for (const name of names) {
    const root = join(folder, name, "dist");
    const rewriteRequestPath = (path: string) => path.slice(`/${name}`.length);
    app.get(`/${name}`, (context) => context.redirect(`/${name}/`));
    app.get(`/${name}/config.json`, (context) => context.json(config));
    app.get(`/${name}/*`, serveStatic({ root, rewriteRequestPath }));
    app.get(`/${name}/*`, serveStatic({ root, path: "index.html" }));
  }
  app.get("/", (context) =>
    context.html(names.map((name) => `<p><a href="/${name}/">${name}</a></p>`).join("")),
  );
  return { names, fetch: async (request: Request) => app.fetch(request) };
};
