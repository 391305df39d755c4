import { beforeAll, describe, expect, test } from "vitest";
import { aUser, type User } from "./support.ts";

let ada: User;

/** In the order in which they are uploaded. */
const names = [
  "zebra.txt",
  "animals/cat.txt",
  "animals/dog.txt",
  "animals/wild/lion.txt",
  "Apple.txt",
  "100_done.txt",
  "plants/oak.txt",
  "mug.txt",
];

beforeAll(async () => {
  ada = await aUser();
  for (const name of names) {
    const { error } = await ada.client.storage.from("papers").upload(`${ada.id}/${name}`, name);
    expect(error).toBeNull();
  }
});

const list = async (folder: string, options = {}) => {
  const { data, error } = await ada.client.storage
    .from("papers")
    .list([ada.id, folder].filter(Boolean).join("/"), options);
  expect(error).toBeNull();
  return data ?? [];
};

const listed = async (folder: string, options = {}) =>
  (await list(folder, options)).map(({ name }) => name);

describe("a listing", () => {
  test("shows one folder: folders without id, files with what is known of them", async () => {
    const entries = await list("");
    const folder = entries.find(({ name }) => name === "animals");
    expect(folder).toEqual({
      name: "animals",
      id: null,
      updated_at: null,
      created_at: null,
      last_accessed_at: null,
      metadata: null,
    });
    expect(entries.find(({ name }) => name === "mug.txt")).toMatchObject({
      id: expect.any(String),
      created_at: expect.any(String),
      metadata: { size: 7, mimetype: "text/plain;charset=UTF-8", eTag: expect.any(String) },
    });
    expect(entries.map(({ name }) => name).sort()).toEqual([
      "100_done.txt",
      "Apple.txt",
      "animals",
      "mug.txt",
      "plants",
      "zebra.txt",
    ]);
    expect(await listed("animals")).toEqual(expect.arrayContaining(["cat.txt", "dog.txt", "wild"]));
    expect(await listed("animals/wild")).toEqual(["lion.txt"]);
    expect(await listed("nothing")).toEqual([]);
  });

  test("goes page by page", async () => {
    const all = await listed("");
    const pages = [
      await listed("", { limit: 4 }),
      await listed("", { limit: 4, offset: 4 }),
      await listed("", { limit: 4, offset: 8 }),
    ];
    expect(pages.flat()).toEqual(all);
    expect(pages.map(({ length }) => length)).toEqual([4, 2, 0]);
  });

  test("is sorted by name or time, either way", async () => {
    const files = (entries: string[]) => entries.filter((name) => name.endsWith(".txt"));
    const byTime = ["zebra.txt", "Apple.txt", "100_done.txt", "mug.txt"];
    const sorted = (column: string, order: string) =>
      listed("", { sortBy: { column, order } }).then(files);
    expect(await sorted("created_at", "asc")).toEqual(byTime);
    expect(await sorted("created_at", "desc")).toEqual(byTime.toReversed());
    expect(await sorted("name", "asc")).toEqual((await sorted("name", "desc")).toReversed());
    expect((await sorted("name", "asc")).at(-1)).toBe("zebra.txt");
  });

  test("finds names by how they begin, and takes wildcards literally", async () => {
    expect(await listed("", { search: "app" })).toEqual(["Apple.txt"]);
    expect(await listed("", { search: "an" })).toEqual(["animals"]);
    expect(await listed("", { search: "100_" })).toEqual(["100_done.txt"]);
    expect(await listed("", { search: "%" })).toEqual([]);
    expect(await listed("animals", { search: "_at" })).toEqual([]);
  });

  test("shows a stranger nothing", async () => {
    const bo = await aUser();
    expect((await bo.client.storage.from("papers").list(ada.id)).data).toEqual([]);
    expect((await bo.client.storage.from("papers").list()).data).toEqual([]);
  });

  test("of no bucket is empty", async () => {
    expect((await ada.client.storage.from("nothing").list()).data).toEqual([]);
  });
});

describe("a listing by cursor", () => {
  const pages = async (options: object) => {
    const found = { objects: [], folders: [] } as { objects: string[]; folders: string[] };
    let cursor: string | undefined;
    let count = 0;
    do {
      const { data, error } = await ada.client.storage
        .from("papers")
        .listV2({ prefix: `${ada.id}/`, ...options, ...(cursor && { cursor }) });
      expect(error).toBeNull();
      found.objects.push(...(data?.objects.map(({ name }) => name) ?? []));
      found.folders.push(...(data?.folders.map(({ name }) => name) ?? []));
      cursor = data?.hasNext ? data.nextCursor : undefined;
      count++;
    } while (cursor);
    return { ...found, count };
  };

  const full = (name: string) => `${ada.id}/${name}`;
  const inByteOrder = (list: string[]) => list.toSorted();

  test("shows every file below a prefix", async () => {
    const expected = inByteOrder(names.map(full));
    expect(await pages({ limit: 3 })).toEqual({ objects: expected, folders: [], count: 3 });
    const descending = await pages({ limit: 3, sortBy: { column: "name", order: "desc" } });
    expect(descending.objects).toEqual(expected.toReversed());
    const byTime = await pages({ limit: 3, sortBy: { column: "created_at", order: "asc" } });
    expect(byTime.objects).toEqual(names.map(full));
  });

  test("gathers folders when asked to", async () => {
    const { objects, folders, count } = await pages({ limit: 2, with_delimiter: true });
    expect(objects).toEqual(
      inByteOrder(["100_done.txt", "Apple.txt", "mug.txt", "zebra.txt"].map(full)),
    );
    expect(folders).toEqual([full("animals/"), full("plants/")]);
    expect(count).toBe(3);
    const inner = await pages({ with_delimiter: true, prefix: full("animals/") });
    expect(inner).toEqual({
      objects: [full("animals/cat.txt"), full("animals/dog.txt")],
      folders: [full("animals/wild/")],
      count: 1,
    });
  });

  test("gathers folders by time, either way", async () => {
    const sortBy = (order: string) => ({ sortBy: { column: "created_at", order } });
    const ascending = await pages({ limit: 2, with_delimiter: true, ...sortBy("asc") });
    expect(ascending.objects).toEqual(
      ["zebra.txt", "Apple.txt", "100_done.txt", "mug.txt"].map(full),
    );
    expect(ascending.folders).toEqual(["animals/", "plants/"].map(full));
    const descending = await pages({ limit: 2, with_delimiter: true, ...sortBy("desc") });
    expect(descending.objects).toEqual(ascending.objects.toReversed());
    expect(descending.folders).toEqual(ascending.folders.toReversed());
  });
});

test("a folder stands where its files do", async () => {
  const user = await aUser();
  const papers = user.client.storage.from("papers");
  for (const name of ["box/a", "box-1", "box"]) await papers.upload(`${user.id}/${name}`, name);
  const { data } = await papers.list(user.id);
  expect(data?.map(({ name, id }) => [name, id === null])).toEqual([
    ["box", false],
    ["box-1", false],
    ["box", true],
  ]);
});

test("the next page can be told by name too, and folders by name have no age", async () => {
  const papers = ada.client.storage.from("papers");
  const { data } = await papers.listV2({ prefix: `${ada.id}/`, with_delimiter: true, limit: 3 });
  expect(data).toMatchObject({ hasNext: true, nextCursorKey: `${ada.id}/animals/` });
  expect(data?.folders).toEqual([
    {
      key: "animals",
      name: `${ada.id}/animals/`,
      id: null,
      created_at: null,
      updated_at: null,
      last_accessed_at: null,
      metadata: null,
    },
  ]);
  const { error } = await papers.listV2({ prefix: `${ada.id}/`, cursor: "nonsense" });
  expect(error?.message).toBe("Invalid Parameter continuation token");
});
