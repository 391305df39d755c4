import postgres from "postgres";
import { describe, expect, test } from "vitest";
import { platform, publicClient, serviceClient } from "../support/platform.ts";
import { ask, json, secret, unique } from "./http.ts";

describe("what is not there", () => {
  test("a table, with the nearest name", async () => {
    const { error, status } = await publicClient().from("bookz").select();
    expect({ status, ...error }).toMatchObject({
      status: 404,
      code: "PGRST205",
      message: "Could not find the table 'public.bookz' in the schema cache",
      hint: "Perhaps you meant the table 'public.books'",
      details: null,
    });
  });

  test("a column", async () => {
    const { error, status } = await publicClient().from("books").select("id,nope");
    expect({ status, ...error }).toMatchObject({
      status: 400,
      code: "42703",
      message: "column books.nope does not exist",
    });
  });

  test("a schema that is not exposed", async () => {
    const { error, status } = await publicClient().schema("auth").from("users").select();
    expect({ status, code: error?.code, message: error?.message }).toEqual({
      status: 406,
      code: "PGRST106",
      message: "Invalid schema: auth",
    });
    expect(error?.hint).toMatch(/^Only the following schemas are exposed: public/);
    const posted = await publicClient().schema("auth").from("users").insert({});
    expect(posted.error?.code).toBe("PGRST106");
    const called = await publicClient().schema("auth").rpc("uid");
    expect(called.error?.code).toBe("PGRST106");
  });

  test("a path below a table", async () => {
    const response = await ask("books/1");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "PGRST125" });
  });

  test("a select that cannot be read", async () => {
    const response = await ask("books?select=id,publishers(");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "PGRST100" });
  });
});

describe("methods", () => {
  test("HEAD answers as GET does, without the rows", async () => {
    const response = await ask("books?select=id&limit=2", {
      method: "HEAD",
      headers: { prefer: "count=exact" },
    });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe("0-1/5");
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await response.text()).toBe("");
  });

  test("a browser's preflight allows what supabase-js sends", async () => {
    const response = await fetch(`${platform().url}/rest/v1/books`, {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example",
        "access-control-request-method": "PATCH",
        "access-control-request-headers":
          "apikey,authorization,content-profile,prefer,x-client-info",
      },
    });
    expect(response.ok).toBe(true);
    expect(["*", "https://shop.example"]).toContain(
      response.headers.get("access-control-allow-origin"),
    );
    expect(response.headers.get("access-control-allow-methods")).toContain("PATCH");
    const allowed = response.headers.get("access-control-allow-headers")?.toLowerCase() ?? "";
    for (const header of ["apikey", "authorization", "content-profile", "prefer"]) {
      expect(allowed === "*" || allowed.includes(header)).toBe(true);
    }
  });

  test("a browser may read the count of an answer", async () => {
    const response = await ask("books?select=id", { headers: { origin: "https://shop.example" } });
    expect(["*", "https://shop.example"]).toContain(
      response.headers.get("access-control-allow-origin"),
    );
    expect(response.headers.get("access-control-expose-headers")?.toLowerCase()).toContain(
      "content-range",
    );
  });

  test("OPTIONS says what a table allows", async () => {
    const response = await ask("books", { method: "OPTIONS" });
    expect(response.status).toBe(200);
    const allow = response.headers.get("allow")?.split(",") ?? [];
    expect(allow.map((method) => method.trim())).toEqual(
      expect.arrayContaining(["OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    );
  });
});

describe("representations", () => {
  test("json says so", async () => {
    const response = await ask("tags?select=id&id=eq.1");
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("content-range")).toBe("0-0/*");
  });

  test("what cannot be produced is refused", async () => {
    const response = await ask("tags", { headers: { accept: "audio/mpeg" } });
    expect(response.status).toBe(406);
    expect(await response.json()).toEqual({
      code: "PGRST107",
      message: "None of these media types are available: audio/mpeg",
      details: null,
      hint: null,
    });
  });

  test("the query's plan is off", async () => {
    const { error, status } = await publicClient().from("books").select().explain();
    expect({ status, code: error?.code }).toEqual({ status: 406, code: "PGRST107" });
  });

  test("GeoJSON needs PostGIS", async () => {
    const { error, status } = await publicClient().from("books").select("id").geojson();
    expect({ status, code: error?.code }).toEqual({ status: 406, code: "PGRST107" });
  });

  test("an error keeps to json whatever was asked for", async () => {
    const response = await ask("nope", { headers: { accept: "text/csv" } });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  });

  test("an error names its code in a header, for proxies", async () => {
    const response = await ask("nope");
    expect(response.headers.get("proxy-status")).toBe("PostgREST; error=PGRST205");
  });
});

describe("preferences", () => {
  test("unknown ones are ignored", async () => {
    expect((await ask("tags", { headers: { prefer: "anything" } })).status).toBe(200);
  });

  test("and refused when handling is strict", async () => {
    const response = await ask("tags", { headers: { prefer: "handling=strict, anything" } });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      code: "PGRST122",
      message: "Invalid preferences given with handling=strict",
      details: "Invalid preferences: anything",
      hint: null,
    });
  });

  test("a rollback is not for clients to ask", async () => {
    const code = unique("rollback");
    const { error } = await serviceClient()
      .from("stock")
      .insert({ place: "rollback", code })
      .rollback();
    expect(error).toBeNull();
    const { data } = await serviceClient().from("stock").select("code").eq("code", code);
    expect(data).toEqual([{ code }]);
  });

  test("those applied are named", async () => {
    const response = await ask("stock?select=code", {
      method: "POST",
      key: secret(),
      body: JSON.stringify({ place: "applied", code: unique("applied") }),
      headers: {
        "content-type": "application/json",
        prefer: "return=representation,count=exact,resolution=merge-duplicates,missing=default",
      },
    });
    expect(response.status).toBe(201);
    const applied = response.headers.get("preference-applied")?.split(", ") ?? [];
    expect(applied.sort()).toEqual([
      "count=exact",
      "missing=default",
      "resolution=merge-duplicates",
      "return=representation",
    ]);
    expect(response.headers.get("content-range")).toBe("*/1");
  });
});

describe("supabase-js", () => {
  test("throws when asked to", async () => {
    await expect(publicClient().from("bookz").select().throwOnError()).rejects.toMatchObject({
      code: "PGRST205",
    });
  });

  test("can give up on a request", async () => {
    const controller = new AbortController();
    controller.abort();
    const { data, error } = await publicClient()
      .from("books")
      .select()
      .abortSignal(controller.signal);
    expect(data).toBeNull();
    expect(error?.message).toMatch(/abort/i);
  });
});

describe("schemas", () => {
  test("the exposed one can be named", async () => {
    const { data } = await publicClient().schema("public").from("tags").select("id").eq("id", 1);
    expect(data).toEqual([{ id: 1 }]);
  });

  test("a new table is served once the schema is reloaded", async ({ skip }) => {
    skip(!platform().databaseUrl, "the database cannot be reached directly");
    const name = unique("fresh").replaceAll("-", "_");
    const sql = postgres(platform().databaseUrl, { max: 1, onnotice: () => undefined });
    try {
      await sql.unsafe(`
        create table public.${name} (id integer primary key);
        alter table public.${name} enable row level security;
        grant select, insert on public.${name} to service_role;
      `);
      await sql`notify pgrst, 'reload schema'`;
      await expect
        .poll(async () => (await serviceClient().from(name).insert({ id: 1 })).status)
        .toBe(201);
      await sql.unsafe(`alter table public.${name} add column label text default 'x'`);
      await sql`notify pgrst, 'reload schema'`;
      await expect
        .poll(async () => (await serviceClient().from(name).insert({ id: 2, label: "y" })).error)
        .toBeNull();
      await sql.unsafe(`drop table public.${name}`);
      await sql`notify pgrst, 'reload schema'`;
      await expect
        .poll(async () => (await serviceClient().from(name).select()).error?.code)
        .toMatch(/PGRST205|42P01/);
    } finally {
      await sql.end();
    }
  });
});

describe("the description of the interface", () => {
  test("is an OpenAPI document for the secret key", async () => {
    const response = await ask("", { key: secret() });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/openapi+json; charset=utf-8");
    const document = await response.json();
    expect(document.swagger).toBe("2.0");
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(["/books", "/novels", "/rpc/add_up"]),
    );
    expect(document.definitions.books.required).toEqual(expect.arrayContaining(["id", "title"]));
    expect(document.definitions.books.properties.genre).toMatchObject({
      type: "string",
      enum: ["novel", "poetry", "essay"],
    });
  });
});

describe("who may ask", () => {
  test("nobody without a key", async () => {
    const response = await fetch(`${platform().url}/rest/v1/books`);
    expect(response.status).toBe(401);
  });

  test("nobody with a key that is not the project's", async () => {
    expect((await ask("books", { key: "sb_publishable_wrong" })).status).toBe(401);
  });

  test("nobody with a token that is not the project's", async () => {
    const response = await ask("books", { headers: { authorization: "Bearer a.b.c" } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "PGRST301" });
  });

  test("the secret key reads past row-level security", async () => {
    const response = await ask("sealed", { method: "POST", key: secret(), ...json([]) });
    expect(response.status).toBe(201);
  });
});
