import { describe, expect, test } from "vitest";
import { publicClient } from "../support/platform.ts";
import { ask } from "./http.ts";

const books = (columns = "id") => publicClient().from("books").select(columns);
const ids = (data: unknown) => (Array.isArray(data) ? data.map(({ id }) => id) : data);

describe("order", () => {
  test("nulls come last when ascending, first when descending, or as asked", async () => {
    const order = async (options: { ascending: boolean; nullsFirst?: boolean }) =>
      ids((await books().order("publisher_id", options).order("id")).data);
    expect(await order({ ascending: true })).toEqual([1, 3, 2, 5, 4]);
    expect(await order({ ascending: false })).toEqual([4, 2, 5, 1, 3]);
    expect(await order({ ascending: true, nullsFirst: true })).toEqual([4, 1, 3, 2, 5]);
    expect(await order({ ascending: false, nullsFirst: false })).toEqual([2, 5, 1, 3, 4]);
  });

  test("several columns, one after the other", async () => {
    const { data } = await books()
      .order("price", { ascending: false })
      .order("title", { ascending: false });
    expect(ids(data)).toEqual([3, 1, 4, 2, 5]);
  });

  test("an enum is in the order of its declaration", async () => {
    const { data } = await books().order("genre", { ascending: false }).order("id");
    expect(ids(data)).toEqual([3, 2, 1, 4, 5]);
  });

  test("a json path and a computed column", async () => {
    const byHeight = await books()
      .order("details->size->height", { nullsFirst: false })
      .order("id");
    expect(ids(byHeight.data)).toEqual([5, 1, 3, 2, 4]);
    const byLength = await books().order("title_length");
    expect(ids(byLength.data)).toEqual([4, 5, 2, 1, 3]);
  });

  test("an unknown column is refused", async () => {
    const { error, status } = await books().order("nope");
    expect({ status, code: error?.code }).toEqual({ status: 400, code: "42703" });
  });
});

describe("limit, offset and range", () => {
  test("a range is the rows from one place to another", async () => {
    const { data, status } = await books().order("id").range(1, 2);
    expect(ids(data)).toEqual([2, 3]);
    expect(status).toBe(200);
  });

  test("a limit", async () => {
    expect(ids((await books().order("id").limit(2)).data)).toEqual([1, 2]);
  });

  test("a limit of nothing gives nothing", async () => {
    const response = await ask("books?select=id&limit=0");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([]);
    expect(response.headers.get("content-range")).toBe("*/*");
  });

  test("a negative limit is refused", async () => {
    const { error, status } = await books().limit(-1);
    expect({ status, code: error?.code, details: error?.details }).toEqual({
      status: 416,
      code: "PGRST103",
      details: "Limit should be greater than or equal to zero.",
    });
  });

  test("the Range header does the same", async () => {
    const response = await ask("books?select=id&order=id", {
      headers: { "range-unit": "items", range: "1-2" },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([{ id: 2 }, { id: 3 }]);
    expect(response.headers.get("content-range")).toBe("1-2/*");
  });

  test("an open Range header goes to the end", async () => {
    const response = await ask("books?select=id&order=id", { headers: { range: "3-" } });
    expect(await response.json()).toEqual([{ id: 4 }, { id: 5 }]);
    expect(response.headers.get("content-range")).toBe("3-4/*");
  });

  test("a Range header that ends before it begins is refused", async () => {
    const response = await ask("books?select=id", { headers: { range: "3-1" } });
    expect(response.status).toBe(416);
    expect(await response.json()).toMatchObject({ code: "PGRST103" });
  });

  test("an answer has at most max_rows rows, whatever is asked", async () => {
    const list = () => publicClient().from("long_list").select("number");
    expect((await list()).data).toHaveLength(1000);
    expect((await list().limit(5000)).data).toHaveLength(1000);
    expect((await list().range(900, 4000).order("number")).data).toHaveLength(300);
    const { data, count, status } = await publicClient()
      .from("long_list")
      .select("number", { count: "exact" });
    expect({ rows: data?.length, count, status }).toEqual({ rows: 1000, count: 1200, status: 206 });
  });
});

describe("counts", () => {
  test("exact: the rows that the filters leave, beside those of the page", async () => {
    const { data, count, status } = await publicClient()
      .from("books")
      .select("id", { count: "exact" })
      .gt("price", 1)
      .order("id")
      .limit(2);
    expect({ ids: ids(data), count, status }).toEqual({ ids: [1, 2], count: 4, status: 206 });
  });

  test("exact, when the page holds all", async () => {
    const { count, status } = await publicClient().from("books").select("id", { count: "exact" });
    expect({ count, status }).toEqual({ count: 5, status: 200 });
  });

  test("head: the count without the rows", async () => {
    const { data, count, status, error } = await publicClient()
      .from("books")
      .select("*", { count: "exact", head: true })
      .eq("genre", "novel");
    expect({ data, count, status, error }).toEqual({
      data: null,
      count: 3,
      status: 200,
      error: null,
    });
  });

  test("of nothing is 0", async () => {
    const response = await ask("books?select=id&id=eq.99", { headers: { prefer: "count=exact" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-range")).toBe("*/0");
  });

  test("estimated is exact while there are few rows", async () => {
    const { count } = await publicClient().from("books").select("id", { count: "estimated" });
    expect(count).toBe(5);
  });

  test("planned is the planner's guess", async () => {
    const { count, data, error } = await publicClient()
      .from("books")
      .select("id", { count: "planned" });
    expect(error).toBeNull();
    expect(data).toHaveLength(5);
    expect(count).toBeGreaterThan(0);
  });

  test("a page beyond the end is refused when the end is known", async () => {
    const { error, status } = await publicClient()
      .from("books")
      .select("id", { count: "exact" })
      .range(100, 110);
    expect({ status, code: error?.code, details: error?.details }).toEqual({
      status: 416,
      code: "PGRST103",
      details: "An offset of 100 was requested, but there are only 5 rows.",
    });
  });

  test("a page beyond the end is empty when it is not", async () => {
    const { data, error, status } = await books().range(100, 110);
    expect({ data, error, status }).toEqual({ data: [], error: null, status: 200 });
  });
});

describe("one row", () => {
  test("single gives the object", async () => {
    const { data, status } = await books("id,title").eq("id", 4).single();
    expect({ data, status }).toEqual({ data: { id: 4, title: "Drift" }, status: 200 });
  });

  test.each([
    ["no row", 0, (query: ReturnType<typeof books>) => query.eq("id", 99)],
    ["several rows", 5, (query: ReturnType<typeof books>) => query],
  ])("single refuses %s", async (_what, count, filter) => {
    const { data, error, status } = await filter(books()).single();
    expect({ data, status, error: { ...error } }).toMatchObject({
      data: null,
      status: 406,
      error: {
        code: "PGRST116",
        message: "Cannot coerce the result to a single JSON object",
        details: `The result contains ${count} rows`,
        hint: null,
      },
    });
  });

  test("maybeSingle gives null for no row", async () => {
    const { data, error, status } = await books().eq("id", 99).maybeSingle();
    expect({ data, error, status }).toEqual({ data: null, error: null, status: 200 });
  });

  test("maybeSingle refuses several rows", async () => {
    const { data, error } = await books().maybeSingle();
    expect(data).toBeNull();
    expect(error?.code).toBe("PGRST116");
  });

  test("the answer says that it is one object", async () => {
    const response = await ask("books?select=id&id=eq.4", {
      headers: { accept: "application/vnd.pgrst.object+json" },
    });
    expect(response.headers.get("content-type")).toBe(
      "application/vnd.pgrst.object+json; charset=utf-8",
    );
    expect(await response.text()).toBe('{"id":4}');
  });
});

describe("csv", () => {
  test("has a header line, quotes what needs it, and writes types as PostgreSQL does", async () => {
    const { data, error } = await publicClient()
      .from("books")
      .select("id,title,price,in_print,languages")
      .gte("id", 3)
      .lte("id", 4)
      .order("id")
      .csv();
    expect(error).toBeNull();
    expect(data).toBe(
      'id,title,price,in_print,languages\n3,"Copper, ""Quoted""",30.25,t,"{de,en}"\n4,Drift,12.50,,{}',
    );
  });

  test("of nothing is empty", async () => {
    const response = await ask("books?select=id&id=eq.99", { headers: { accept: "text/csv" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect((await response.text()).trim()).toMatch(/^(id)?$/);
  });
});
