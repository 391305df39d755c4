import { afterAll, beforeAll, expect, test } from "vitest";
import { openPglite, type PgliteDatabase } from "../../../stack/database/pglite.ts";
import { ensurePlatform } from "../../../stack/database/platform.ts";
import { localKeys } from "../../../stack/keys.ts";
import { closeServer, serveFetch } from "../../../stack/listen.ts";
import { createMemoryFileStore } from "../../../stack/storage/file-store.ts";
import { createStudio, type Studio } from "../../../stack/studio/studio.ts";

let database: PgliteDatabase;
let studio: Studio;

beforeAll(async () => {
  database = await openPglite({});
  await ensurePlatform(database);
  await database.session((session) =>
    session.exec(`
      create table public.safe (id integer primary key);
      alter table public.safe enable row level security;
      grant select on public.safe to service_role;
      insert into public.safe values (1);
    `),
  );
  studio = await createStudio({
    database,
    jwtSecret: localKeys.jwtSecret,
    schemas: ["public"],
    storage: {
      settings: { file_size_limit: "1MiB", buckets: {} },
      files: createMemoryFileStore(),
    },
  });
}, 60_000);

afterAll(() => database.close());

const ask = (
  path: string,
  { peer = "127.0.0.1", host = "127.0.0.1:54323", ...headers }: Record<string, string> = {},
) => studio.fetch(new Request(`http://${host}${path}`, { headers: { host, ...headers } }), peer);

test("Studio shows its page and the assets that the page names", async () => {
  const page = await (await ask("/")).text();
  const [, script] = /src="(\/static\/assets\/[\w.-]+\.js)"/.exec(page) ?? [];
  const asset = await ask(script ?? "/missing");
  expect(asset.status).toBe(200);
  expect(asset.headers.get("content-type")).toMatch(/^text\/javascript/);
  expect((await ask("/static/assets/none.js")).status).toBe(404);
  expect((await ask("/static/../package.json")).headers.get("content-type")).not.toMatch(/json/);
});

test("on this machine it reads past row level security", async () => {
  const response = await ask("/rest/v1/safe");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual([{ id: 1 }]);
});

test.each([
  ["another machine", { peer: "192.168.1.20" }],
  ["a name that was pointed at this machine", { host: "evil.example:54323" }],
  ["a page of another site", { origin: "https://evil.example" }],
  ["a page on another port of this machine", { origin: "http://127.0.0.1:54326" }],
  ["a sandboxed page", { origin: "null" }],
])("it answers nothing to %s", async (_who, headers) => {
  for (const path of ["/", "/rest/v1/safe", "/_system/info"]) {
    const response = await ask(path, headers);
    expect(response.status).toBe(403);
    expect(await response.text()).not.toContain('"id"');
  }
});

test("it never gives away the project's secrets", async () => {
  for (const path of ["/_system/info", "/_system/config"]) {
    expect(await (await ask(path)).text()).not.toContain(localKeys.jwtSecret);
  }
});

test("over HTTP it knows the peer's address by itself", async () => {
  const server = await serveFetch(studio.fetch, 0);
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const response = await fetch(`http://127.0.0.1:${port}/rest/v1/safe`);
  await closeServer(server);
  expect(response.status).toBe(200);
});
