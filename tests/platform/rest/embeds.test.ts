import { describe, expect, test } from "vitest";
import { publicClient } from "../support/platform.ts";

const client = publicClient;

const rows = async (query: PromiseLike<{ data: unknown; error: unknown }>) => {
  const { data, error } = await query;
  expect(error).toBeNull();
  return data;
};

describe("relationships", () => {
  test("to one: an object, or null", async () => {
    expect(
      await rows(client().from("books").select("id,publishers(name)").in("id", [1, 4]).order("id")),
    ).toEqual([
      { id: 1, publishers: { name: "Aldine" } },
      { id: 4, publishers: null },
    ]);
  });

  test("to many: an array, empty when there are none", async () => {
    expect(
      await rows(
        client()
          .from("publishers")
          .select("name,books(id)")
          .order("id")
          .order("id", { referencedTable: "books" }),
      ),
    ).toEqual([
      { name: "Aldine", books: [{ id: 1 }, { id: 3 }] },
      { name: "Blackwell", books: [{ id: 2 }, { id: 5 }] },
      { name: "Cobalt", books: [] },
    ]);
  });

  test("many to many, through a junction that is not mentioned, from both sides", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("id,tags(label)")
          .eq("id", 5)
          .order("label", { referencedTable: "tags" }),
      ),
    ).toEqual([{ id: 5, tags: [{ label: "sea" }, { label: "trees" }] }]);
    expect(
      await rows(
        client()
          .from("tags")
          .select("label,books(id)")
          .order("id")
          .order("id", { referencedTable: "books" }),
      ),
    ).toEqual([
      { label: "sea", books: [{ id: 1 }, { id: 4 }, { id: 5 }] },
      { label: "trees", books: [{ id: 2 }, { id: 5 }] },
      { label: "metal", books: [{ id: 3 }] },
      { label: "unused", books: [] },
    ]);
  });

  test("one to one: an object on both sides", async () => {
    expect(
      await rows(client().from("books").select("id,book_covers(colour)").lt("id", 3).order("id")),
    ).toEqual([
      { id: 1, book_covers: { colour: "amber" } },
      { id: 2, book_covers: null },
    ]);
    expect(
      await rows(client().from("book_covers").select("colour,books(title)").eq("book_id", 1)),
    ).toEqual([{ colour: "amber", books: { title: "The Amber Tide" } }]);
  });

  test("over a foreign key of two columns", async () => {
    expect(
      await rows(client().from("remarks").select("body,chapters(heading)").eq("id", 1)),
    ).toEqual([{ body: "Slow", chapters: { heading: "High water" } }]);
    expect(
      await rows(
        client()
          .from("chapters")
          .select("heading,remarks(id)")
          .eq("book_id", 1)
          .order("number")
          .order("id", { referencedTable: "remarks" }),
      ),
    ).toEqual([
      { heading: "Low water", remarks: [] },
      { heading: "High water", remarks: [{ id: 1 }, { id: 2 }] },
    ]);
  });

  test("of a table with itself: up by the column, down by the table", async () => {
    expect(
      await rows(
        client()
          .from("authors")
          .select("name,mentor:mentor_id(name,mentor:mentor_id(name)),pupils:authors!mentor_id(id)")
          .in("id", [1, 2, 3])
          .order("id"),
      ),
    ).toEqual([
      { name: "Ines Aarons", mentor: null, pupils: [{ id: 2 }] },
      { name: "Bruno Calder", mentor: { name: "Ines Aarons", mentor: null }, pupils: [{ id: 3 }] },
      {
        name: "Chiyo Dane",
        mentor: { name: "Bruno Calder", mentor: { name: "Ines Aarons" } },
        pupils: [],
      },
    ]);
  });

  test("nested, under other names", async () => {
    expect(
      await rows(
        client()
          .from("publishers")
          .select("name,list:books(name:title,chapters(heading,remarks(body)),tags(label))")
          .eq("id", 2)
          .order("id", { referencedTable: "list" }),
      ),
    ).toEqual([
      {
        name: "Blackwell",
        list: [
          { name: "Bare Branches", chapters: [], tags: [{ label: "trees" }] },
          {
            name: "Echo_100%",
            chapters: [{ heading: "Call", remarks: [{ body: "Loud" }] }],
            tags: expect.arrayContaining([{ label: "sea" }, { label: "trees" }]),
          },
        ],
      },
    ]);
  });

  test("of a view, both ways", async () => {
    expect(
      await rows(
        client().from("novels").select("id,publishers(name)").in("id", [1, 4]).order("id"),
      ),
    ).toEqual([
      { id: 1, publishers: { name: "Aldine" } },
      { id: 4, publishers: null },
    ]);
    expect(await rows(client().from("publishers").select("name,novels(id)").eq("id", 1))).toEqual([
      { name: "Aldine", novels: [{ id: 1 }] },
    ]);
  });

  test("that a function computes: one row is an object, a set is an array", async () => {
    expect(
      await rows(
        client().from("authors").select("id,cheapest_book(title)").in("id", [1, 4]).order("id"),
      ),
    ).toEqual([
      { id: 1, cheapest_book: { title: "Bare Branches" } },
      { id: 4, cheapest_book: null },
    ]);
    expect(await rows(client().from("books").select("id,siblings(id)").eq("id", 1))).toEqual([
      { id: 1, siblings: [{ id: 2 }] },
    ]);
  });
});

describe("more than one relationship", () => {
  test("is refused with the names to choose from", async () => {
    const { error, status } = await client().from("books").select("id,authors(name)");
    expect(status).toBe(300);
    expect(error).toMatchObject({
      code: "PGRST201",
      message:
        "Could not embed because more than one relationship was found for 'books' and 'authors'",
      details: expect.arrayContaining([
        {
          cardinality: "many-to-one",
          embedding: "books with authors",
          relationship: "books_author_id_fkey using books(author_id) and authors(id)",
        },
      ]),
    });
    expect(error?.hint).toContain("'authors!books_author_id_fkey'");
    expect(error?.hint).toContain("'authors!books_editor_id_fkey'");
  });

  test.each([
    ["the column", "who:authors!author_id(name)"],
    ["the foreign key", "who:authors!books_author_id_fkey(name)"],
    ["the column in place of the table", "who:author_id(name)"],
    ["the foreign key in place of the table", "who:books_author_id_fkey(name)"],
  ])("is settled by %s", async (_by, embed) => {
    expect(await rows(client().from("books").select(`id,${embed}`).eq("id", 3))).toEqual([
      { id: 3, who: { name: "Bruno Calder" } },
    ]);
  });

  test("both can be embedded side by side", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("author:authors!author_id(name),editor:authors!editor_id(name)")
          .eq("id", 3),
      ),
    ).toEqual([{ author: { name: "Bruno Calder" }, editor: { name: "Ines Aarons" } }]);
  });

  test("from the other side too", async () => {
    expect(
      await rows(
        client()
          .from("authors")
          .select("written:books!author_id(id),edited:books!books_editor_id_fkey(id)")
          .eq("id", 2)
          .order("id", { referencedTable: "written" }),
      ),
    ).toEqual([{ written: [{ id: 3 }, { id: 4 }], edited: [{ id: 1 }] }]);
  });

  test("the junction may be named", async () => {
    expect(
      await rows(client().from("books").select("id,tags!book_tags(label)").eq("id", 1)),
    ).toEqual([{ id: 1, tags: [{ label: "sea" }] }]);
  });

  test("a table that merely refers to two others is no junction", async () => {
    const { error, status } = await client().from("authors").select("id,publishers(name)");
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: "PGRST200",
      message:
        "Could not find a relationship between 'authors' and 'publishers' in the schema cache",
      details:
        "Searched for a foreign key relationship between 'authors' and 'publishers' in the schema 'public', but no matches were found.",
    });
  });

  test("a hint that names nothing is refused", async () => {
    const { error } = await client().from("books").select("id,publishers!nope(name)");
    expect(error).toMatchObject({
      code: "PGRST200",
      details:
        "Searched for a foreign key relationship between 'books' and 'publishers' using the hint 'nope' in the schema 'public', but no matches were found.",
    });
  });
});

describe("filters on embeds", () => {
  test("an inner embed leaves out the rows without it", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("id,publishers!inner(name)")
          .eq("publishers.name", "Aldine")
          .order("id"),
      ),
    ).toEqual([
      { id: 1, publishers: { name: "Aldine" } },
      { id: 3, publishers: { name: "Aldine" } },
    ]);
  });

  test("an ordinary embed keeps them", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("id,publishers!left(name)")
          .eq("publishers.name", "Aldine")
          .lte("id", 2)
          .order("id"),
      ),
    ).toEqual([
      { id: 1, publishers: { name: "Aldine" } },
      { id: 2, publishers: null },
    ]);
  });

  test("inner goes together with a hint", async () => {
    expect(
      await rows(client().from("books").select("id,authors!editor_id!inner(name)").order("id")),
    ).toEqual([
      { id: 1, authors: { name: "Bruno Calder" } },
      { id: 3, authors: { name: "Ines Aarons" } },
      { id: 4, authors: { name: "Chiyo Dane" } },
    ]);
  });

  test("inner reaches through many to many, and nests", async () => {
    expect(
      await rows(
        client().from("books").select("id,tags!inner(label)").eq("tags.label", "sea").order("id"),
      ),
    ).toEqual([
      { id: 1, tags: [{ label: "sea" }] },
      { id: 4, tags: [{ label: "sea" }] },
      { id: 5, tags: [{ label: "sea" }] },
    ]);
    expect(
      await rows(
        client()
          .from("publishers")
          .select("name,books!inner(id,chapters!inner(number))")
          .eq("books.chapters.number", 2),
      ),
    ).toEqual([{ name: "Aldine", books: [{ id: 1, chapters: [{ number: 2 }] }] }]);
  });

  test("rows without an embed, and only those with one", async () => {
    expect(await rows(client().from("tags").select("label,books()").is("books", null))).toEqual([
      { label: "unused" },
    ]);
    expect(
      await rows(
        client().from("books").select("id,publishers()").not("publishers", "is", null).order("id"),
      ),
    ).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 5 }]);
  });

  test("or within an embed", async () => {
    expect(
      await rows(
        client()
          .from("publishers")
          .select("id,books(id)")
          .eq("id", 1)
          .or("price.gt.30,genre.eq.poetry", { referencedTable: "books" }),
      ),
    ).toEqual([{ id: 1, books: [{ id: 3 }] }]);
  });

  test("or across embeds", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("id,book_covers(),publishers()")
          .eq("publishers.name", "Blackwell")
          .or("book_covers.not.is.null,publishers.not.is.null")
          .order("id"),
      ),
    ).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 5 }]);
  });

  test("order, limit and range within an embed", async () => {
    expect(
      await rows(
        client()
          .from("tags")
          .select("label,books(id)")
          .eq("id", 1)
          .order("id", { referencedTable: "books", ascending: false })
          .limit(2, { referencedTable: "books" }),
      ),
    ).toEqual([{ label: "sea", books: [{ id: 5 }, { id: 4 }] }]);
    expect(
      await rows(
        client()
          .from("tags")
          .select("label,books(id)")
          .eq("id", 1)
          .order("id", { referencedTable: "books" })
          .range(1, 1, { referencedTable: "books" }),
      ),
    ).toEqual([{ label: "sea", books: [{ id: 4 }] }]);
  });

  test("rows in the order of an embed's column", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("id,publishers(name)")
          .order("publishers(name)", { ascending: false, nullsFirst: false })
          .order("id"),
      ),
    ).toMatchObject([{ id: 2 }, { id: 5 }, { id: 1 }, { id: 3 }, { id: 4 }]);
  });

  test("which only an embed of one row can give", async () => {
    const { error, status } = await client()
      .from("publishers")
      .select("id,books(id)")
      .order("books(id)");
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: "PGRST118",
      message: "A related order on 'books' is not possible",
      details: "'publishers' and 'books' do not form a many-to-one or one-to-one relationship",
    });
  });

  test("a filter on what is not embedded is refused", async () => {
    const { error, status } = await client().from("books").select("id").eq("nope.name", 1);
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: "PGRST108",
      message: "'nope' is not an embedded resource in this request",
      hint: "Verify that 'nope' is included in the 'select' query parameter.",
    });
  });

  test("an embed itself can only be null or not", async () => {
    const { error, status } = await client().from("books").select("id,tags()").eq("tags", "x");
    expect(status).toBe(400);
    expect(["PGRST120", "42703"]).toContain(error?.code);
  });

  test("the exact count follows inner embeds", async () => {
    const { count } = await client()
      .from("books")
      .select("id,tags!inner()", { count: "exact", head: true })
      .eq("tags.label", "sea");
    expect(count).toBe(3);
  });
});

describe("spread embeds", () => {
  test("put the columns of one row into its parent", async () => {
    expect(
      await rows(
        client()
          .from("books")
          .select("id,...publishers(publisher:name,founded)")
          .in("id", [1, 4])
          .order("id"),
      ),
    ).toEqual([
      { id: 1, publisher: "Aldine", founded: 1494 },
      { id: 4, publisher: null, founded: null },
    ]);
  });

  test("nest, and take hints", async () => {
    expect(
      await rows(
        client()
          .from("remarks")
          .select("body,...chapters(heading,...books(title,...authors!author_id(author:name)))")
          .eq("id", 3),
      ),
    ).toEqual([{ body: "Loud", heading: "Call", title: "Echo_100%", author: "Chiyo Dane" }]);
  });

  test("of many rows make arrays", async () => {
    const data = await rows(client().from("books").select("id,...tags(labels:label)").eq("id", 5));
    expect(data).toEqual([{ id: 5, labels: expect.arrayContaining(["sea", "trees"]) }]);
  });

  test("drop the junction of many to many", async () => {
    expect(
      await rows(client().from("books").select("id,labels:book_tags(...tags(label))").eq("id", 1)),
    ).toEqual([{ id: 1, labels: [{ label: "sea" }] }]);
  });
});
