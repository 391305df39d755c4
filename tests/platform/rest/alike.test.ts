import { expect, test } from "vitest";
import { ask } from "./http.ts";

const idsOf = async (query: string): Promise<string> => {
  const response = await ask(`books?select=id&order=id&${query}`);
  const rows: { id: number }[] = await response.json();
  expect(response.status, JSON.stringify(rows)).toBe(200);
  return rows.map(({ id }) => id).join(",");
};

test("reads that differ only in the values of their filters each get their own rows", async () => {
  const expected = [
    ["id=eq.1", "1"],
    ["id=eq.2", "2"],
    ["id=gt.1&id=lt.3", "2"],
    ["id=gt.3&id=lt.5", "4"],
    ["id=in.(1,2)", "1,2"],
    ["id=in.(3)", "3"],
    ["id=in.()", ""],
    ["title=like.The*", "1"],
    ["title=like.Bare*", "2"],
    ["or=(id.eq.1,and(id.gt.2,id.lt.4))", "1,3"],
    ["or=(id.eq.5,and(id.gt.1,id.lt.4))", "2,3,5"],
    ["languages=cs.{fr}&id=lt.3", "1"],
    ["languages=cs.{en}&id=lt.2", "1"],
  ] as const;
  for (const [query, ids] of [...expected, ...expected]) {
    expect(await idsOf(query), query).toBe(ids);
  }
});

test("reads with the same values and other operators each get their own rows", async () => {
  expect(await idsOf("id=lt.3")).toBe("1,2");
  expect(await idsOf("id=lte.3")).toBe("1,2,3");
  expect(await idsOf("id=not.lt.3")).toBe("3,4,5");
  expect(await idsOf("id=lt.3&limit=1")).toBe("1");
  expect(await idsOf("id=lt.3&offset=1")).toBe("2");
  expect(await idsOf("id=lt(any).{2,3}")).toBe("1,2");
  expect(await idsOf("id=lt(all).{2,3}")).toBe("1");
  expect(await idsOf("publisher_id=is.null")).toBe("4");
  expect(await idsOf("publisher_id=not.is.null")).toBe("1,2,3,5");
  expect(await idsOf("title=eq.The Amber Tide")).toBe("1");
  expect(await idsOf("title=like.The Amber Tide")).toBe("1");
  expect(await idsOf("title=neq.The Amber Tide")).toBe("2,3,4,5");
});

test("values of a read and of its embeds are told apart, in whatever order they come", async () => {
  const read = async (query: string) =>
    (await ask(`books?select=id,tags(id)&tags.order=id&${query}`)).json();
  expect(await read("tags.id=eq.2&id=eq.5")).toEqual([{ id: 5, tags: [{ id: 2 }] }]);
  expect(await read("tags.id=eq.1&id=eq.5")).toEqual([{ id: 5, tags: [{ id: 1 }] }]);
  expect(await read("id=eq.1&tags.id=eq.2")).toEqual([{ id: 1, tags: [] }]);
  expect(await read("id=eq.5&tags.id=eq.2")).toEqual([{ id: 5, tags: [{ id: 2 }] }]);
});

test("counted reads of one shape are counted each with its own values", async () => {
  const rangeOf = async (query: string, count: string) => {
    const response = await ask(`books?select=id,tags!inner(id)&${query}`, {
      headers: { prefer: `count=${count}` },
    });
    await response.body?.cancel();
    return response.headers.get("content-range");
  };
  for (const count of ["exact", "estimated"]) {
    expect(await rangeOf("tags.id=eq.1&id=lt.5", count)).toBe("0-1/2");
    expect(await rangeOf("tags.id=eq.2&id=lt.5", count)).toBe("0-0/1");
    expect(await rangeOf("tags.id=eq.2&id=lt.1", count)).toBe("*/0");
  }
});
