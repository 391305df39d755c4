import { describe, expect, test } from "vitest";
import { publicClient } from "../support/platform.ts";
import { ask } from "./http.ts";

const books = () => publicClient().from("books").select("id");
type Books = ReturnType<typeof books>;
type Case = [name: string, filter: (query: Books) => Books, ids: number[]];

const found = async (filter: (query: Books) => Books) => {
  const { data, error } = await filter(books()).order("id");
  expect(error).toBeNull();
  return (data ?? []).map(({ id }) => id);
};

const finds = (cases: Case[]) =>
  test.each(cases)("%s", async (_name, filter, ids) => {
    expect(await found(filter)).toEqual(ids);
  });

describe("comparisons", () => {
  finds([
    ["eq on text", (q) => q.eq("title", "Drift"), [4]],
    ["eq on text with commas and quotes", (q) => q.eq("title", 'Copper, "Quoted"'), [3]],
    ["eq on an enum", (q) => q.eq("genre", "novel"), [1, 4, 5]],
    ["eq on numeric", (q) => q.eq("price", 12.5), [1, 4]],
    ["eq on a bigint beyond 2^53", (q) => q.eq("copies_sold", "9007199254740993"), [1]],
    ["neq", (q) => q.neq("genre", "novel"), [2, 3]],
    ["neq leaves nulls out", (q) => q.neq("publisher_id", 1), [2, 5]],
    ["gt", (q) => q.gt("price", 7), [1, 3, 4]],
    ["gte", (q) => q.gte("price", 7), [1, 2, 3, 4]],
    ["lt", (q) => q.lt("price", 7), [5]],
    ["lte", (q) => q.lte("price", 7), [2, 5]],
    ["two filters on one column", (q) => q.gt("price", 1).lt("price", 13), [1, 2, 4]],
    ["a timestamp with a zone", (q) => q.gte("released_at", "2001-09-09T09:09:09Z"), [3, 5]],
    [
      "a timestamp with an offset",
      (q) => q.lt("released_at", "1970-05-01T14:30:00.001+02:00"),
      [1],
    ],
    ["match", (q) => q.match({ genre: "novel", price: 12.5 }), [1, 4]],
    ["eq(any)", (q) => q.filter("id", "eq(any)", "{1,4}"), [1, 4]],
    ["gt(all)", (q) => q.filter("id", "gt(all)", "{1,3}"), [4, 5]],
    ["a computed column", (q) => q.gt("title_length", 13), [1, 3]],
  ]);
});

describe("is and in", () => {
  finds([
    ["is null", (q) => q.is("in_print", null), [4]],
    ["is true", (q) => q.is("in_print", true), [1, 3, 5]],
    ["is false", (q) => q.is("in_print", false), [2]],
    ["is unknown", (q) => q.filter("in_print", "is", "unknown"), [4]],
    ["is not_null", (q) => q.filter("in_print", "is", "not_null"), [1, 2, 3, 5]],
    ["is in capitals", (q) => q.filter("in_print", "is", "NULL"), [4]],
    ["isdistinct", (q) => q.isDistinct("in_print", true), [2, 4]],
    ["in", (q) => q.in("id", [1, 5, 99]), [1, 5]],
    ["in with reserved characters", (q) => q.in("title", ["The Amber Tide", "Drift"]), [1, 4]],
    [
      "in with escaped quotes",
      (q) => q.filter("title", "in", '("Copper, \\"Quoted\\"",Drift)'),
      [3, 4],
    ],
    ["in of nothing", (q) => q.in("id", []), []],
    ["not in", (q) => q.notIn("id", [1, 2]), [3, 4, 5]],
  ]);
});

describe("patterns", () => {
  finds([
    ["like", (q) => q.like("title", "B%"), [2]],
    ["like with a star for the per cent sign", (q) => q.like("title", "*ri*"), [4]],
    ["like with an escaped wildcard", (q) => q.like("title", "Echo\\_%"), [5]],
    ["ilike", (q) => q.ilike("title", "%THE%"), [1]],
    ["likeAllOf", (q) => q.likeAllOf("title", ["%e%", "B%"]), [2]],
    ["likeAnyOf", (q) => q.likeAnyOf("title", ["D%", "E%"]), [4, 5]],
    ["ilikeAllOf", (q) => q.ilikeAllOf("title", ["%A%", "%T%"]), [1]],
    ["ilikeAnyOf", (q) => q.ilikeAnyOf("title", ["d%", "e%"]), [4, 5]],
    ["regexMatch", (q) => q.regexMatch("title", "^[A-C]"), [2, 3]],
    ["regexIMatch", (q) => q.regexIMatch("title", "^the"), [1]],
  ]);
});

describe("arrays, json and ranges", () => {
  finds([
    ["contains, array", (q) => q.contains("languages", ["fr"]), [1, 5]],
    ["contains, json", (q) => q.contains("details", { size: { height: 24 } }), [3]],
    ["contains, range", (q) => q.contains("reading_ages", "[13,14)"), [1]],
    ["containedBy, array", (q) => q.containedBy("languages", ["en", "de"]), [2, 3, 4]],
    ["containedBy, range", (q) => q.containedBy("reading_ages", "[0,20)"), [1, 5]],
    ["overlaps, array", (q) => q.overlaps("languages", ["ja", "de"]), [3, 5]],
    ["overlaps, range", (q) => q.overlaps("reading_ages", "[17,20)"), [1, 2, 3]],
    ["rangeGt", (q) => q.rangeGt("reading_ages", "[12,18)"), [2]],
    ["rangeGte", (q) => q.rangeGte("reading_ages", "[12,18)"), [1, 2, 3]],
    ["rangeLt", (q) => q.rangeLt("reading_ages", "[12,18)"), [5]],
    ["rangeLte", (q) => q.rangeLte("reading_ages", "[12,18)"), [1, 5]],
    ["rangeAdjacent", (q) => q.rangeAdjacent("reading_ages", "[12,18)"), [2, 5]],
    ["a json field as text", (q) => q.eq("details->>pages", "320"), [1]],
    ["a json field as json", (q) => q.filter("details->size->height", "gt", 20), [1, 3]],
    ["an element of a json array", (q) => q.eq("details->awards->0->>name", "Lantern"), [1]],
    ["a json null as text", (q) => q.is("details->>pages", null), [4]],
    ["an element of an array", (q) => q.eq("languages->>0", "en"), [1, 2]],
  ]);
});

describe("full text search", () => {
  const config = "english";
  finds([
    ["fts", (q) => q.textSearch("blurb", "'fat' & 'cat'", { config }), [1]],
    ["fts or", (q) => q.textSearch("blurb", "rat | tree", { config }), [1, 2]],
    ["plain", (q) => q.textSearch("blurb", "cat dog", { type: "plain", config }), [3]],
    ["phrase", (q) => q.textSearch("blurb", "fat cat", { type: "phrase", config }), [1]],
    ["websearch", (q) => q.textSearch("blurb", "cat -rat", { type: "websearch", config }), [3]],
    ["without a configuration", (q) => q.textSearch("blurb", "echo", { type: "plain" }), [5]],
    ["on a text column", (q) => q.textSearch("title", "tides", { type: "plain", config }), [1]],
    ["not", (q) => q.not("blurb", "fts(english)", "cat"), [2, 5]],
  ]);
});

describe("not, or and and", () => {
  finds([
    ["not eq", (q) => q.not("genre", "eq", "novel"), [2, 3]],
    ["not in", (q) => q.not("id", "in", "(1,2)"), [3, 4, 5]],
    ["not is null", (q) => q.not("released_at", "is", null), [1, 2, 3, 5]],
    ["not contains", (q) => q.not("languages", "cs", "{en}"), [4]],
    ["or", (q) => q.or("price.lt.1,genre.eq.poetry"), [2, 5]],
    ["and within or", (q) => q.or("and(price.gt.7,genre.eq.novel),id.eq.2"), [1, 2, 4]],
    ["or within and within or", (q) => q.or("and(id.gt.3,or(id.eq.5,id.eq.1))"), [5]],
    ["not and within or", (q) => q.or("not.and(id.gt.1,id.lt.5),id.eq.3"), [1, 3, 5]],
    ["not within or", (q) => q.or("genre.not.eq.novel,id.eq.1"), [1, 2, 3]],
    ["in within or", (q) => q.or("id.in.(1,2),id.eq.5"), [1, 2, 5]],
    ["an array within or", (q) => q.or("languages.cs.{ja},id.eq.2"), [2, 5]],
    ["quotes within or", (q) => q.or('title.eq."Copper, \\"Quoted\\"",id.eq.4'), [3, 4]],
    ["a json path within or", (q) => q.or("details->>pages.eq.64,id.eq.1"), [1, 2]],
    ["or beside other filters", (q) => q.or("id.eq.1,id.eq.2").eq("genre", "novel"), [1]],
    ["two ors", (q) => q.or("id.eq.1,id.eq.2").or("id.eq.2,id.eq.3"), [2]],
  ]);
});

describe("filters that cannot be understood", () => {
  test.each([
    ["an unknown operator", "id=foo.1", "PGRST100", 400],
    ["no operator", "id=1", "PGRST100", 400],
    ["a word that is no truth value", "in_print=is.maybe", "PGRST100", 400],
    ["a broken tree", "or=(id.eq.1", "PGRST100", 400],
    ["an unknown column", "nope=eq.1", "42703", 400],
    ["text for a number", "id=eq.one", "22P02", 400],
    ["an unknown enum value", "genre=eq.opera", "22P02", 400],
    ["an operator the type lacks", "id=like.1*", "42883", 404],
    ["an unknown text search configuration", "blurb=fts(klingon).cat", "42704", 400],
  ])("%s", async (_name, query, code, status) => {
    const response = await ask(`books?select=id&${query}`);
    const body = await response.json();
    expect({ status: response.status, code: body.code }).toEqual({ status, code });
    expect(Object.keys(body).sort()).toEqual(["code", "details", "hint", "message"]);
  });
});
