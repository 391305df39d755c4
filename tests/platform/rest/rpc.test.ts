import { describe, expect, test } from "vitest";
import { publicClient, serviceClient } from "../support/platform.ts";
import { ask, json, secret, serviceClient14, unique } from "./http.ts";

const call = async (name: string, args?: Record<string, unknown>, options = {}) => {
  const { data, error } = await publicClient().rpc(name, args, options);
  expect(error).toBeNull();
  return data;
};

describe("arguments", () => {
  test("by name, with defaults for those left out", async () => {
    expect(await call("add_up", { a: 1, b: 2 })).toBe(3);
    expect(await call("add_up", { a: 1 })).toBe(11);
  });

  test("in the address, for get and head", async () => {
    expect(await call("add_up", { a: 1, b: 2 }, { get: true })).toBe(3);
    expect(await call("add_up", { a: 1 }, { get: true })).toBe(11);
    const { data, error, status } = await publicClient().rpc("add_up", { a: 1 }, { head: true });
    expect({ data, error, status }).toEqual({ data: null, error: null, status: 200 });
  });

  test.each([false, true])("arrays and enums (get: %s)", async (get) => {
    expect(await call("total", { numbers: [1, 2, 3] }, { get })).toBe(6);
    expect(await call("titles_of", { genre: "poetry" }, { get })).toEqual(["Bare Branches"]);
  });

  test("variadic ones as an array, or repeated in the address", async () => {
    expect(await call("join_words", { words: ["a", "b"] })).toBe("a-b");
    expect(await (await ask("rpc/join_words?words=a&words=b")).json()).toBe("a-b");
  });

  test("json of every kind stays what it is", async () => {
    expect(await call("kind_of", { value: { a: 1 } })).toBe("object");
    expect(await call("kind_of", { value: [1] })).toBe("array");
    expect(await call("kind_of", { value: 1 })).toBe("number");
    expect(await call("kind_of", { value: true })).toBe("boolean");
    expect(await call("kind_of", { value: "text" })).toBe("string");
    expect(await call("kind_of", { value: '{"a": 1}' })).toBe("string");
    const payload = { nested: [{ a: null }], text: 'quote " \\ ü' };
    expect(await call("echo", { payload })).toEqual(payload);
  });

  test("null is null", async () => {
    expect(await call("add_up", { a: 1, b: null })).toBeNull();
  });

  test("a function with one unnamed json argument gets the whole body", async () => {
    expect(await call("whole_document", { b: 1, a: { c: 2 } })).toEqual({ keys: ["a", "b"] });
  });

  test("one with an unnamed text argument gets the body as it is", async () => {
    const response = await ask("rpc/whole_text", {
      method: "POST",
      body: "plain",
      headers: { "content-type": "text/plain" },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toBe("got plain");
  });

  test("a form", async () => {
    const response = await ask("rpc/add_up", {
      method: "POST",
      body: "a=2&b=3",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(await response.json()).toBe(5);
  });

  test("overloads are told apart by their names", async () => {
    expect(await call("overloaded", { a: 1 })).toBe("one");
    expect(await call("overloaded", { a: 1, b: 2 })).toBe("two");
  });
});

describe("results", () => {
  test("a scalar, null, nothing", async () => {
    expect(await call("absent")).toBeNull();
    const { data, error, status } = await publicClient().rpc("nothing");
    expect({ data, error, status }).toEqual({ data: null, error: null, status: 204 });
  });

  test("a set of scalars is an array of them", async () => {
    expect(await call("count_to", { last: 3 })).toEqual([1, 2, 3]);
  });

  test("a row is an object, out arguments too", async () => {
    expect(await call("one_book", { id: 4 })).toMatchObject({ id: 4, title: "Drift" });
    expect(await call("split_name", { full_name: "Ada Lovelace" })).toEqual({
      first: "Ada",
      last: "Lovelace",
    });
  });

  test("a table is an array of rows", async () => {
    expect(await call("genre_totals")).toEqual([
      { genre: "novel", books: 3 },
      { genre: "poetry", books: 1 },
      { genre: "essay", books: 1 },
    ]);
  });

  test.each([false, true])("a set of rows is read like a table (get: %s)", async (get) => {
    const { data, error } = await publicClient()
      .rpc("books_over", { min_price: 5 }, { get })
      .select("id,publishers(name),tags(label)")
      .neq("id", 3)
      .not("publisher_id", "is", null)
      .order("id", { ascending: false })
      .limit(1);
    expect(error).toBeNull();
    expect(data).toEqual([
      { id: 2, publishers: { name: "Blackwell" }, tags: [{ label: "trees" }] },
    ]);
  });

  test("a filter may be on a column that is not selected", async () => {
    const { data } = await publicClient()
      .rpc("books_over", { min_price: 5 })
      .select("title")
      .eq("genre", "essay");
    expect(data).toEqual([{ title: 'Copper, "Quoted"' }]);
  });

  test("inner embeds and filters on them", async () => {
    const { data } = await publicClient()
      .rpc("books_over", { min_price: 0 })
      .select("id,publishers!inner(name)")
      .eq("publishers.name", "Aldine")
      .order("id");
    expect(data).toEqual([
      { id: 1, publishers: { name: "Aldine" } },
      { id: 3, publishers: { name: "Aldine" } },
    ]);
  });

  test("counts, ranges and single", async () => {
    const { data, count, status } = await publicClient()
      .rpc("books_over", { min_price: 5 }, { count: "exact" })
      .range(1, 2);
    expect({ rows: data?.length, count, status }).toEqual({ rows: 2, count: 4, status: 206 });
    const head = await publicClient().rpc(
      "books_over",
      { min_price: 5 },
      { head: true, count: "exact" },
    );
    expect({ data: head.data, count: head.count }).toEqual({ data: null, count: 4 });
    const single = await publicClient().rpc("books_over", { min_price: 30 }).select("id").single();
    expect(single.data).toEqual({ id: 3 });
    const none = await publicClient().rpc("books_over", { min_price: 99 }).single();
    expect({ status: none.status, code: none.error?.code }).toEqual({
      status: 406,
      code: "PGRST116",
    });
  });

  test("max_rows holds for functions too", async () => {
    expect(await call("count_to", { last: 1200 })).toHaveLength(1000);
  });

  test("csv", async () => {
    const { data } = await publicClient().rpc("genre_totals").csv();
    expect(data).toBe("genre,books\nnovel,3\npoetry,1\nessay,1");
  });
});

describe("writing", () => {
  test("a function that writes does so over post", async () => {
    const place = unique("rpc");
    const { data } = await serviceClient().rpc("write_stock", { place, code: "a" });
    expect(data).toEqual([{ place, code: "a", amount: 1 }]);
    expect((await serviceClient().from("stock").select("code").eq("place", place)).data).toEqual([
      { code: "a" },
    ]);
  });

  test("and is refused over get", async () => {
    const place = unique("get");
    const { error, status } = await serviceClient().rpc(
      "write_stock",
      { place, code: "a" },
      { get: true },
    );
    expect({ status, code: error?.code, message: error?.message }).toEqual({
      status: 405,
      code: "25006",
      message: "cannot execute INSERT in a read-only transaction",
    });
  });

  test("its caller is who it acts as", async () => {
    const { error, status } = await publicClient().rpc("write_stock", {
      place: "closed",
      code: unique("rls"),
    });
    expect({ status, code: error?.code }).toEqual({ status: 401, code: "42501" });
  });

  test("a row that is not single undoes what the function did", async () => {
    const place = unique("undo");
    await serviceClient()
      .from("stock")
      .insert([
        { place, code: "a" },
        { place, code: "b" },
      ]);
    const { error } = await serviceClient().rpc("clear_stock", { place }).single();
    expect(error?.code).toBe("PGRST116");
    expect((await serviceClient().from("stock").select().eq("place", place)).data).toHaveLength(2);
  });

  test("a page past the end undoes it as well", async () => {
    const place = unique("past");
    await serviceClient().from("stock").insert({ place, code: "a" });
    const { error, status } = await serviceClient()
      .rpc("clear_stock", { place }, { count: "exact" })
      .range(10, 12);
    expect({ status, code: error?.code }).toEqual({ status: 416, code: "PGRST103" });
    expect((await serviceClient().from("stock").select().eq("place", place)).data).toHaveLength(1);
  });

  test("more rows than allowed undo it as well", async () => {
    const place = unique("affected");
    await serviceClient()
      .from("stock")
      .insert([
        { place, code: "a" },
        { place, code: "b" },
      ]);
    const { error, status } = await serviceClient14().rpc("clear_stock", { place }).maxAffected(1);
    expect({ status, code: error?.code }).toEqual({ status: 400, code: "PGRST124" });
    const scalar = await serviceClient14().rpc("add_up", { a: 1 }).maxAffected(1);
    expect({ status: scalar.status, code: scalar.error?.code }).toEqual({
      status: 400,
      code: "PGRST128",
    });
    expect((await serviceClient().from("stock").select().eq("place", place)).data).toHaveLength(2);
  });
});

describe("refusals", () => {
  test("an unknown function, with the nearest name", async () => {
    const { error, status } = await publicClient().rpc("add_upp", { a: 1, b: 2 });
    expect({ status, ...error }).toMatchObject({
      status: 404,
      code: "PGRST202",
      message: "Could not find the function public.add_upp(a, b) in the schema cache",
      details:
        "Searched for the function public.add_upp with parameters a, b or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
      hint: "Perhaps you meant to call the function public.add_up",
    });
  });

  test("unknown arguments, with those it has", async () => {
    const { error, status } = await publicClient().rpc("add_up", { a: 1, c: 2 });
    expect({ status, ...error }).toMatchObject({
      status: 404,
      code: "PGRST202",
      message: "Could not find the function public.add_up(a, c) in the schema cache",
      hint: "Perhaps you meant to call the function public.add_up(a, b)",
    });
  });

  test("an argument that is missing", async () => {
    const { error, status } = await publicClient().rpc("books_over");
    expect({ status, ...error }).toMatchObject({
      status: 404,
      code: "PGRST202",
      message:
        "Could not find the function public.books_over without parameters in the schema cache",
    });
  });

  test("overloads that only types tell apart", async () => {
    const { error, status } = await publicClient().rpc("ambiguous", { value: 1 });
    expect({ status, code: error?.code, hint: error?.hint }).toEqual({
      status: 300,
      code: "PGRST203",
      hint: "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    });
    expect(error?.message).toMatch(/^Could not choose the best candidate function between: /);
    expect(error?.message).toContain("public.ambiguous(value => integer)");
    expect(error?.message).toContain("public.ambiguous(value => text)");
  });

  test("an argument of the wrong type", async () => {
    const { error, status } = await publicClient().rpc("add_up", { a: "one" });
    expect({ status, code: error?.code }).toEqual({ status: 400, code: "22P02" });
  });

  test.each([
    ["PT402", 402],
    ["PT409", 409],
    ["PT422", 422],
    ["P0001", 400],
    ["P0002", 500],
    ["23505", 409],
    ["28000", 403],
    ["40001", 500],
    ["42501", 401],
    ["53300", 503],
    ["54000", 500],
    ["57014", 500],
    ["55P03", 500],
    ["0L000", 403],
    ["ZZ999", 400],
  ])("an exception of code %s is status %i", async (code, status) => {
    const { error, ...answer } = await publicClient().rpc("refuse", { code, message: "no_more" });
    expect(answer.status).toBe(status);
    expect({ ...error }).toMatchObject({
      code,
      message: "no_more",
      details: '{"left": 2}',
      hint: "Take fewer.",
    });
  });

  test("a plain exception", async () => {
    const { error, status } = await publicClient().rpc("refuse_plainly");
    expect({ status, ...error }).toMatchObject({
      status: 400,
      code: "P0001",
      message: "plainly no",
      details: null,
      hint: null,
    });
  });

  test("an exception may word the whole answer", async () => {
    const response = await ask("rpc/refuse_in_full", { method: "POST", ...json({}) });
    expect(response.status).toBe(418);
    expect(response.headers.get("x-brew")).toBe("oolong");
    expect(await response.json()).toEqual({
      code: "teapot",
      message: "Short and stout",
      details: "spout",
      hint: "tip",
    });
  });

  test("arithmetic", async () => {
    const { error, status } = await publicClient().rpc("divide", { a: 1, b: 0 });
    expect({ status, code: error?.code, message: error?.message }).toEqual({
      status: 400,
      code: "22012",
      message: "division by zero",
    });
  });

  test("a function without a grant", async () => {
    const { error, status } = await publicClient().rpc("staff_only");
    expect({ status, code: error?.code, message: error?.message }).toEqual({
      status: 401,
      code: "42501",
      message: "permission denied for function staff_only",
    });
    expect((await serviceClient().rpc("staff_only")).data).toBe("staff");
  });

  test.each(["PATCH", "DELETE", "PUT"])("the method %s", async (method) => {
    const response = await ask("rpc/add_up", { method, ...json({ a: 1 }) });
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ code: "PGRST101" });
  });
});

describe("the request, as a function sees it", () => {
  test("role, claims, method, path and headers", async () => {
    const seen = async (key: string) =>
      (
        await ask("rpc/whoami", {
          method: "POST",
          key,
          body: "{}",
          headers: { "content-type": "application/json", "x-test": "seen" },
        })
      ).json();
    expect(await seen(secret())).toMatchObject({
      role: "service_role",
      claims: { role: "service_role" },
      method: "POST",
      path: "/rpc/whoami",
      header: "seen",
    });
  });

  test("somebody signed in", async () => {
    const ada = publicClient();
    const { data: session } = await ada.auth.signInAnonymously();
    const { data } = await ada.rpc("whoami");
    expect(data).toMatchObject({
      role: "authenticated",
      claims: { sub: session.user?.id, role: "authenticated", is_anonymous: true },
    });
  });

  test("a function may set status and headers of the answer", async () => {
    const response = await ask("rpc/answer_as", {
      method: "POST",
      ...json({
        status: "202",
        headers: '[{"Cache-Control": "max-age=60"}, {"X-Made": "here"}]',
      }),
    });
    expect(response.status).toBe(202);
    expect(response.headers.get("x-made")).toBe("here");
    expect(response.headers.get("cache-control")).toBe("max-age=60");
    expect(await response.json()).toEqual({ ok: true });
  });

  test.each([
    ["status", { status: "soon", headers: "[]" }, "PGRST112"],
    ["headers", { status: "200", headers: "broken" }, "PGRST111"],
  ])("but not a broken %s", async (_what, body, code) => {
    const response = await ask("rpc/answer_as", { method: "POST", ...json(body) });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code });
  });
});
