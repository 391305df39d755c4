import { describe, expect, test } from "vitest";
import { publicClient } from "../support/platform.ts";
import { ask } from "./http.ts";

const book = async (id: number, columns: string) => {
  const { data, error } = await publicClient().from("books").select(columns).eq("id", id).single();
  expect(error).toBeNull();
  return data;
};

describe("columns", () => {
  test("only those named come back, under the names asked for", async () => {
    expect(await book(4, "id,name:title")).toEqual({ id: 4, name: "Drift" });
  });

  test("a cast changes the type", async () => {
    expect(await book(2, "price::text,number:id::text,in_print::text")).toEqual({
      price: "7.00",
      number: "2",
      in_print: "false",
    });
  });

  test("a json path is named after its last key, unless renamed", async () => {
    expect(
      await book(
        1,
        "details->pages,details->size->>height,tall:details->size->height,details->awards->0->name",
      ),
    ).toEqual({ pages: 320, height: "21.5", tall: 21.5, name: "Lantern" });
  });

  test("a missing json key is null", async () => {
    expect(await book(4, "details->size->height")).toEqual({ height: null });
  });

  test("an array has elements like json", async () => {
    expect(await book(1, "first:languages->0,second:languages->>1")).toEqual({
      first: "en",
      second: "fr",
    });
  });

  test("a computed column comes when named, not with the star", async () => {
    expect(await book(4, "id,title_length")).toEqual({ id: 4, title_length: 5 });
    expect(Object.keys((await book(4, "*")) ?? {})).not.toContain("title_length");
    expect(await book(4, "*,title_length")).toMatchObject({ title: "Drift", title_length: 5 });
  });

  test("blanks in the list do not matter", async () => {
    const { data } = await publicClient()
      .from("tags")
      .select(`
      id,
      label
    `)
      .eq("id", 1);
    expect(data).toEqual([{ id: 1, label: "sea" }]);
  });

  test("a repeated column is one", async () => {
    expect(await book(4, "id,id")).toEqual({ id: 4 });
  });

  test("nulls can be stripped", async () => {
    const { data } = await publicClient()
      .from("books")
      .select("id,editor_id,publisher_id,in_print")
      .eq("id", 4)
      .stripNulls();
    expect(data).toEqual([{ id: 4, editor_id: 3 }]);
  });
});

describe("types", () => {
  test("every type arrives as PostgreSQL writes it in json", async () => {
    const text = await (await ask("books?id=eq.1")).text();
    expect(text).toContain('"price":12.50');
    expect(text).toContain('"copies_sold":9007199254740993');
    expect(text).toContain('"released_at":"1970-05-01T12:30:00+00:00"');
    expect(text).toContain('"languages":["en","fr"]');
    expect(text).toContain('"reading_ages":"[12,18)"');
    expect(text).toContain('"in_print":true');
    expect(text).toContain('"genre":"novel"');
    expect(JSON.parse(text)[0].blurb).toBe("'ate':4 'cat':3 'fat':2 'mani':5 'rat':6");
  });

  test("json keeps the order of its keys and jsonb its own", async () => {
    const text = await (await ask("books?id=eq.1&select=source,details->size")).text();
    expect(text.replaceAll(" ", "")).toContain('"source":{"b":1,"a":2}');
    expect(JSON.parse(text)).toEqual([{ source: { b: 1, a: 2 }, size: { height: 21.5 } }]);
  });

  test("fractions of seconds and open ranges are kept", async () => {
    expect(await book(5, "released_at")).toEqual({ released_at: "2019-12-31T23:59:59.5+00:00" });
    expect(await book(2, "reading_ages")).toEqual({ reading_ages: "[18,)" });
  });

  test("dates are dates", async () => {
    const { data } = await publicClient().from("authors").select("born").eq("id", 1).single();
    expect(data).toEqual({ born: "1931-02-03" });
  });

  test("timestamps follow the time zone that the request prefers", async () => {
    const response = await ask("books?id=eq.1&select=released_at", {
      headers: { prefer: "timezone=Asia/Tokyo" },
    });
    expect(await response.json()).toEqual([{ released_at: "1970-05-01T21:30:00+09:00" }]);
    expect(response.headers.get("preference-applied")).toBe("timezone=Asia/Tokyo");
  });
});

describe("aggregates, off as on every new Supabase project", () => {
  test.each(["price.sum()", "count()", "genre,copies_sold.max()", "n:id.count()"])(
    "%s is refused",
    async (columns) => {
      const { error, status } = await publicClient().from("books").select(columns);
      expect(status).toBe(400);
      expect(error).toMatchObject({
        code: "PGRST123",
        message: "Use of aggregate functions is not allowed",
      });
    },
  );

  test("the count of an embed's rows is given all the same", async () => {
    const { data } = await publicClient()
      .from("publishers")
      .select("name,books(count)")
      .order("id");
    expect(data).toEqual([
      { name: "Aldine", books: [{ count: 2 }] },
      { name: "Blackwell", books: [{ count: 2 }] },
      { name: "Cobalt", books: [{ count: 0 }] },
    ]);
  });
});

describe("views", () => {
  test("a view is read like a table", async () => {
    const { data } = await publicClient().from("novels").select("id,title").lt("price", 5);
    expect(data).toEqual([{ id: 5, title: "Echo_100%" }]);
  });
});
