import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createStudio, type Studio } from "../../../stack/studio/studio.ts";
import { clientAt } from "../../support/client.ts";

const { url, studioUrl = "", databaseUrl, secretKey, publishableKey } = inject("platform");

/** The running Studio, as the page speaks to it. */
const ask = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(`${studioUrl}${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: { "content-type": "application/json", ...headers },
  });

const answerOf = async (path: string, body?: unknown) => {
  const response = await ask(path, body);
  return { status: response.status, body: await response.json() };
};

const script = async (text: string) => answerOf("/api/script", { script: text });

const name = `studio_${process.pid}`;

beforeAll(async () => {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  await sql.unsafe(`
    create schema if not exists hidden;
    create type hidden.colour as enum ('red', 'green');
    create table hidden.${name} (
      id bigint generated always as identity primary key,
      label text not null,
      colour hidden.colour,
      spec jsonb,
      sizes int[],
      twice text generated always as (label || label) stored
    );
    create table hidden.${name}_bare (value text);
  `);
  await sql.end();
});

afterAll(async () => {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  await sql.unsafe("drop schema hidden cascade");
  await sql.end();
});

const table = { schema: "hidden", table: name };

describe("rows", () => {
  test("every table is listed, of hidden schemas too, with its columns", async () => {
    const { body } = await answerOf("/api/tables");
    const listed = body.tables.map((each: { schema: string; name: string }) =>
      [each.schema, each.name].join("."),
    );
    expect(listed).toEqual(
      expect.arrayContaining(["public.books", "public.novels", `hidden.${name}`, "auth.users"]),
    );
    const found = body.tables.find((each: { name: string }) => each.name === name);
    expect(found.columns).toContainEqual({
      name: "colour",
      type: "hidden.colour",
      isNullable: true,
      isKey: false,
      hasDefault: false,
      isGenerated: false,
    });
  });

  test("a row is inserted, read, changed and deleted as text of every type", async () => {
    const values = { label: "a'b", colour: "red", spec: '{"a": [1]}', sizes: "{1,2}" };
    expect((await answerOf("/api/insert", { ...table, values })).status).toBe(200);
    const filter = { column: "label", operator: "=", value: "a'b" };
    const read = async () => (await answerOf("/api/rows", { ...table, filter })).body.rows;
    const [row] = await read();
    expect(row).toMatchObject({ ...values, twice: "a'ba'b" });
    const key = { id: row.id };
    await answerOf("/api/update", { ...table, key, values: { colour: null, sizes: "{3}" } });
    expect(await read()).toMatchObject([{ colour: null, sizes: "{3}", label: "a'b" }]);
    expect((await answerOf("/api/cell", { ...table, key, column: "spec" })).body).toEqual({
      value: '{"a": [1]}',
    });
    await answerOf("/api/delete", { ...table, keys: [key] });
    expect(await read()).toEqual([]);
  });

  test("rows come in pages, ordered and filtered; long values are cut", async () => {
    await script(
      `insert into hidden.${name} (label) select repeat(n::text, 500) from generate_series(1, 9) n`,
    );
    const order = { column: "label", isDescending: true };
    const first = await answerOf("/api/rows", { ...table, order, limit: 4 });
    expect(first.body.hasMore).toBe(true);
    expect(first.body.rows).toHaveLength(4);
    expect(first.body.rows[0].label).toHaveLength(500);
    const last = await answerOf("/api/rows", { ...table, order, limit: 4, offset: 8 });
    expect(last.body).toMatchObject({ hasMore: false, rows: [{}] });
    const filter = { column: "label", operator: "contains", value: "777" };
    expect((await answerOf("/api/rows", { ...table, filter })).body.rows).toHaveLength(1);
    await script(`insert into hidden.${name} (label) values (repeat('z', 5000))`);
    const long = { column: "label", operator: ">", value: "z" };
    const { body } = await answerOf("/api/rows", { ...table, filter: long });
    expect(body.rows[0].label).toHaveLength(1001);
  });

  test.each([
    ["an unknown table", "/api/rows", { schema: "hidden", table: 'x"; drop schema hidden' }],
    ["an unknown column", "/api/insert", { ...table, values: { 'x"': "1" } }],
    ["a value of another type", "/api/insert", { ...table, values: { label: "x", sizes: "many" } }],
    [
      "a table without a key",
      "/api/delete",
      { schema: "hidden", table: `${name}_bare`, keys: [{}] },
    ],
    ["a row that is gone", "/api/update", { ...table, key: { id: "-1" }, values: { label: "x" } }],
    ["nonsense", "/api/rows", { limit: -1 }],
  ])("%s is refused with a reason", async (_what, path, body) => {
    const answer = await answerOf(path, body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toBeTruthy();
  });
});

describe("SQL", () => {
  test("every statement's result is shown", async () => {
    const { body } = await script(
      `select 1 as a, null as b, ';' as c; -- with a comment; and a semicolon
       update hidden.${name} set label = label where false;
       do $$ begin perform 1; end $$;
       values (2), (3)`,
    );
    expect(body.results).toEqual([
      { command: "SELECT", columns: ["a", "b", "c"], rows: [["1", null, ";"]], count: 1 },
      { command: "UPDATE", columns: [], rows: [], count: 0 },
      { command: "DO", columns: [], rows: [], count: 0 },
      { command: "SELECT", columns: ["column1"], rows: [["2"], ["3"]], count: 2 },
    ]);
  });

  test("it runs as postgres, who is no superuser", async () => {
    const { body } = await script(
      "select current_user, (select rolsuper from pg_roles where rolname = current_user)",
    );
    expect(body.results[0].rows).toEqual([["postgres", "f"]]);
  });

  test("of a long result the first rows are shown, and all are counted", async () => {
    const { body } = await script("select n from generate_series(1, 30000) as n");
    expect(body.results[0].rows).toHaveLength(500);
    expect(body.results[0].count).toBe(30_000);
  });

  test("an error says what and why, and nothing of the script was done", async () => {
    const answer = await script(
      `insert into hidden.${name} (label) values ('undone'); select nonsense; select 1`,
    );
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: "42703",
      message: 'column "nonsense" does not exist',
    });
    const { body } = await script(`select 1 from hidden.${name} where label = 'undone'`);
    expect(body.results[0].count).toBe(0);
  });

  test("a script may begin and end transactions itself; what it leaves open is undone", async () => {
    await script(`begin; insert into hidden.${name} (label) values ('kept'); commit`);
    await script(`begin; insert into hidden.${name} (label) values ('left open')`);
    const { body } = await script(
      `select label from hidden.${name} where label in ('kept', 'left open')`,
    );
    expect(body.results[0].rows).toEqual([["kept"]]);
  });

  test("settings of one script are not the next one's", async () => {
    await script("set search_path = hidden; set role anon");
    const { body } = await script("select current_user, current_setting('search_path')");
    expect(body.results[0].rows).toEqual([["postgres", '"$user", public, extensions']]);
  });
});

describe("users and files", () => {
  test("users are made and listed with the service's own rules", async () => {
    const email = `${name}@example.test`;
    const made = await answerOf("/auth/v1/admin/users", {
      email,
      password: "correct horse battery staple",
      email_confirm: true,
    });
    expect(made.body).toMatchObject({ email });
    const { body } = await answerOf("/auth/v1/admin/users?page=1&per_page=50");
    expect(body.users.map((user: { email: string }) => user.email)).toContain(email);
  });

  test("nothing of Auth but the administration is served", async () => {
    expect((await ask("/auth/v1/settings")).status).toBe(404);
    expect((await ask("/rest/v1/books")).status).toBe(404);
  });

  test("a file of somebody's never runs as a page here", async () => {
    const storage = clientAt(url, secretKey).storage;
    await storage.createBucket(name, { public: true });
    await storage
      .from(name)
      .upload("evil.html", new Blob(["<script>alert(1)</script>"], { type: "text/html" }));
    for (const way of ["authenticated", "public"]) {
      const response = await ask(`/storage/v1/object/${way}/${name}/evil.html`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-disposition")).toBe("attachment");
      expect(response.headers.get("content-security-policy")).toContain("sandbox");
    }
  });
});

describe("who gets in", () => {
  let studio: Studio;
  beforeAll(() => {
    const unreachable = async () => Response.json({ reached: true });
    studio = createStudio({ databaseUrl, secretKey, auth: unreachable, storage: unreachable });
  });
  afterAll(() => studio.stop());

  const from = (
    headers: Record<string, string>,
    { path = "/api/tables", method = "GET", peer = "127.0.0.1", host = "127.0.0.1:54323" } = {},
  ) =>
    studio.fetch(
      new Request(`http://${host}${path}`, { method, headers: { host, ...headers } }),
      peer,
    );

  test.each([
    ["another machine", {}, { peer: "192.168.1.20" }],
    ["a name that was pointed at this machine", {}, { host: "evil.example:54323" }],
    ["a page of another site", { origin: "https://evil.example" }, {}],
    ["a page on another port of this machine", { origin: "http://127.0.0.1:54326" }, {}],
    ["a sandboxed page", { origin: "null" }, {}],
    [
      "a picture or script of another site",
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      {},
    ],
    [
      "a frame of another site",
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      {},
    ],
    [
      "a form of another port",
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
      { method: "POST" },
    ],
  ])("not %s", async (_who, headers, request) => {
    for (const path of ["/", "/api/tables", "/auth/v1/admin/users", "/storage/v1/bucket"]) {
      const response = await from(headers, { path, ...request });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: "loopback_only" });
    }
  });

  test("the Studio's own page and programs of this machine", async () => {
    const own = { origin: "http://127.0.0.1:54323", "sec-fetch-site": "same-origin" };
    expect((await from(own)).status).toBe(200);
    expect((await from({})).status).toBe(200);
  });

  test("a link from elsewhere opens the page", async () => {
    const link = {
      "sec-fetch-site": "same-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await from(link, { path: "/" })).status).toBe(200);
  });

  test("no frame may hold it, and it runs only its own script", async () => {
    const page = await fetch(studioUrl);
    expect(page.headers.get("x-frame-options")).toBe("DENY");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain("unsafe");
    expect(page.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("nothing of it is on the API's port, and it gives away no key", async () => {
    for (const path of ["/api/tables", "/api/script"]) {
      const response = await fetch(`${url}${path}`, { headers: { apikey: publishableKey } });
      expect(response.status).toBe(404);
    }
    const page = await (await fetch(studioUrl)).text();
    const [, asset] = /src="(\/assets\/[\w.-]+\.js)"/.exec(page) ?? [];
    const code = await (await fetch(`${studioUrl}${asset}`)).text();
    expect(code.length).toBeGreaterThan(1_000);
    expect(page + code).not.toContain(secretKey);
  });
});
