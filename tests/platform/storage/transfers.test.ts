import { beforeEach, describe, expect, test } from "vitest";
import { serviceClient } from "../support/platform.ts";
import {
  ask,
  aUser,
  deniedByPolicy,
  duplicate,
  objectNotFound,
  refusalOf,
  textOf,
  type User,
} from "./support.ts";

let ada: User;

beforeEach(async () => {
  ada = await aUser();
  const options = { contentType: "text/plain", cacheControl: "77", metadata: { shelf: 3 } };
  const up = await ada.client.storage.from("papers").upload(`${ada.id}/a.txt`, "apple", options);
  expect(up.error).toBeNull();
});

const papers = () => ada.client.storage.from("papers");
const own = (name: string) => `${ada.id}/${name}`;
const contentOf = async (name: string) => textOf((await papers().download(own(name))).data);

describe("moving", () => {
  test("gives a file another name, and nothing else", async () => {
    const before = (await papers().info(own("a.txt"))).data;
    const moved = await papers().move(own("a.txt"), own("deep/b.txt"));
    expect(moved.data).toEqual({ message: "Successfully moved" });
    expect(await contentOf("deep/b.txt")).toBe("apple");
    expect(refusalOf(await papers().download(own("a.txt")))).toEqual(objectNotFound);
    expect((await papers().info(own("deep/b.txt"))).data).toMatchObject({
      id: before?.id,
      contentType: "text/plain",
      cacheControl: "max-age=77",
      metadata: { shelf: 3 },
    });
  });

  test("takes a file into another bucket", async () => {
    const destinationBucket = "tiny";
    await papers().move(own("a.txt"), own("b.txt"), { destinationBucket });
    const { data } = await ada.client.storage.from("tiny").download(own("b.txt"));
    expect(await textOf(data)).toBe("apple");
    expect((await papers().exists(own("a.txt"))).data).toBe(false);
  });

  test("is refused onto another file, out of nothing, and to where the user may not write", async () => {
    await papers().upload(own("b.txt"), "banana");
    expect(refusalOf(await papers().move(own("a.txt"), own("b.txt")))).toEqual(duplicate);
    expect(await contentOf("b.txt")).toBe("banana");
    expect(refusalOf(await papers().move(own("none"), own("c.txt")))).toEqual(objectNotFound);
    const bo = await aUser();
    expect(refusalOf(await papers().move(own("a.txt"), `${bo.id}/a.txt`))).toEqual(deniedByPolicy);
    const stolen = await bo.client.storage.from("papers").move(own("a.txt"), `${bo.id}/a.txt`);
    expect(refusalOf(stolen)).toEqual(objectNotFound);
    expect(await contentOf("a.txt")).toBe("apple");
  });
});

describe("copying", () => {
  test("makes a second file that lives on its own", async () => {
    const copied = await papers().copy(own("a.txt"), own("b.txt"));
    expect(copied.data).toEqual({ path: `papers/${own("b.txt")}` });
    await papers().remove([own("a.txt")]);
    expect(await contentOf("b.txt")).toBe("apple");
    expect((await papers().info(own("b.txt"))).data).toMatchObject({
      contentType: "text/plain",
      cacheControl: "max-age=77",
      metadata: { shelf: 3 },
    });
  });

  test("goes into another bucket", async () => {
    const { data } = await papers().copy(own("a.txt"), own("b.txt"), { destinationBucket: "tiny" });
    expect(data?.path).toBe(`tiny/${own("b.txt")}`);
    const copy = await ada.client.storage.from("tiny").download(own("b.txt"));
    expect(await textOf(copy.data)).toBe("apple");
    expect(await contentOf("a.txt")).toBe("apple");
  });

  test("replaces a file only by saying so", async () => {
    await papers().upload(own("b.txt"), "banana");
    expect(refusalOf(await papers().copy(own("a.txt"), own("b.txt")))).toEqual(duplicate);
    const response = await ask("object/copy", {
      method: "POST",
      as: ada,
      headers: { "content-type": "application/json", "x-upsert": "true" },
      body: JSON.stringify({
        bucketId: "papers",
        sourceKey: own("a.txt"),
        destinationKey: own("b.txt"),
      }),
    });
    expect(await response.json()).toMatchObject({ Key: `papers/${own("b.txt")}` });
    expect(await contentOf("b.txt")).toBe("apple");
  });

  test("is refused for what the user does not see or may not write", async () => {
    const bo = await aUser();
    const stolen = await bo.client.storage.from("papers").copy(own("a.txt"), `${bo.id}/a.txt`);
    expect(refusalOf(stolen)).toEqual(objectNotFound);
    expect(refusalOf(await papers().copy(own("a.txt"), `${bo.id}/a.txt`))).toEqual(deniedByPolicy);
  });
});

describe("copying with other metadata", () => {
  const copy = (headers: Record<string, string>, body: Record<string, unknown>) =>
    ask("object/copy", {
      method: "POST",
      as: ada,
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({
        bucketId: "papers",
        sourceKey: own("a.txt"),
        destinationKey: own("b.txt"),
        copyMetadata: false,
        ...body,
      }),
    });

  test("takes the user's from a header, and what is not named from the original", async () => {
    const metadata = Buffer.from(JSON.stringify({ shelf: 4 })).toString("base64");
    const response = await copy(
      { "x-metadata": metadata },
      { metadata: { cacheControl: "max-age=5" } },
    );
    expect(await response.json()).toMatchObject({
      Key: `papers/${own("b.txt")}`,
      name: own("b.txt"),
    });
    expect((await papers().info(own("b.txt"))).data).toMatchObject({
      contentType: "text/plain",
      cacheControl: "max-age=5",
      metadata: { shelf: 4 },
    });
  });

  test("leaves the user's out when there is no header", async () => {
    await copy({}, {});
    expect((await papers().info(own("b.txt"))).data?.metadata).toBeNull();
  });
});

describe("removing", () => {
  test("takes many files at once and says which", async () => {
    await papers().upload(own("b.txt"), "banana");
    const { data } = await papers().remove([own("a.txt"), own("b.txt"), own("none.txt")]);
    expect(data?.map(({ name }) => name).sort()).toEqual([own("a.txt"), own("b.txt")]);
    expect((await papers().list(ada.id)).data).toEqual([]);
  });

  test("of somebody else's files removes nothing", async () => {
    const bo = await aUser();
    expect((await bo.client.storage.from("papers").remove([own("a.txt")])).data).toEqual([]);
    const one = await ask(`object/papers/${own("a.txt")}`, { method: "DELETE", as: bo });
    expect(await one.json()).toMatchObject({ statusCode: "403", message: "Access denied" });
    const none = await ask(`object/papers/${own("none.txt")}`, { method: "DELETE", as: bo });
    expect(await none.json()).toMatchObject({ statusCode: "404", code: "NoSuchKey" });
    expect(await contentOf("a.txt")).toBe("apple");
  });

  test("makes room for a new file of the same name", async () => {
    await papers().remove([own("a.txt")]);
    expect((await papers().upload(own("a.txt"), "again")).error).toBeNull();
    expect(await contentOf("a.txt")).toBe("again");
  });

  test("one file by its address is possible too", async () => {
    const response = await ask(`object/papers/${own("a.txt")}`, { method: "DELETE", as: ada });
    expect(await response.json()).toEqual({ message: "Successfully deleted" });
    expect((await papers().exists(own("a.txt"))).data).toBe(false);
  });
});

test("what a request lacks is named", async () => {
  const { error } = await serviceClient().storage.from("papers").remove([]);
  expect(error?.message).toBe("body/prefixes must NOT have fewer than 1 items");
  const response = await ask("object/move", {
    method: "POST",
    as: ada,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ bucketId: "papers", sourceKey: "a" }),
  });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { message: "body must have required property 'destinationKey'" },
  ]);
});
