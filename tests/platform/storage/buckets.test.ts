import { describe, expect, test } from "vitest";
import { platform, serviceClient } from "../support/platform.ts";
import {
  ask,
  aUser,
  bucketNotFound,
  deniedByPolicy,
  duplicate,
  refusalOf,
  unique,
} from "./support.ts";

const storage = () => serviceClient().storage;

const askAsService = (path: string, body: unknown) =>
  ask(path, {
    method: "PUT",
    headers: {
      apikey: platform().secretKey,
      authorization: `Bearer ${platform().secretKey}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });

describe("service_role", () => {
  test("makes a bucket, changes it, lists it and deletes it", async () => {
    const id = unique("bucket");
    const made = await storage().createBucket(id, {
      public: false,
      fileSizeLimit: "20KB",
      allowedMimeTypes: ["text/plain", "image/*"],
    });
    expect(made.data).toEqual({ name: id });
    expect((await storage().getBucket(id)).data).toMatchObject({
      id,
      name: id,
      public: false,
      file_size_limit: 20_000,
      allowed_mime_types: ["text/plain", "image/*"],
    });

    const changed = await storage().updateBucket(id, { public: true, fileSizeLimit: 500 });
    expect(changed.data).toEqual({ message: "Successfully updated" });
    const { data } = await storage().listBuckets();
    expect(data?.find((bucket) => bucket.id === id)).toMatchObject({
      public: true,
      file_size_limit: 500,
      allowed_mime_types: ["text/plain", "image/*"],
    });
    await storage().updateBucket(id, { public: true, fileSizeLimit: null, allowedMimeTypes: null });
    expect((await storage().getBucket(id)).data).toMatchObject({
      file_size_limit: null,
      allowed_mime_types: null,
    });

    expect((await storage().deleteBucket(id)).data).toEqual({ message: "Successfully deleted" });
    expect(refusalOf(await storage().getBucket(id))).toEqual(bucketNotFound);
  });

  test("deletes a bucket only once it is empty", async () => {
    const id = unique("full");
    await storage().createBucket(id);
    await storage().from(id).upload("a/b.txt", "b");
    await storage().from(id).upload("c.txt", "c");
    expect(refusalOf(await storage().deleteBucket(id))).toEqual({
      message: "The bucket you tried to delete is not empty",
      status: 400,
      statusCode: "409",
    });
    expect((await storage().emptyBucket(id)).data).toEqual({
      message: "Empty bucket has been queued. Completion may take up to an hour.",
    });
    await expect.poll(async () => (await storage().from(id).list()).data).toEqual([]);
    expect((await storage().deleteBucket(id)).error).toBeNull();
  });

  test("finds buckets by name, page by page", async () => {
    const names = [unique("page-a"), unique("page-b")].map((name) => `shelf-${name}`).sort();
    for (const name of names) await storage().createBucket(name);
    const listed = await storage().listBuckets({
      search: "shelf-",
      sortColumn: "name",
      sortOrder: "desc",
    });
    expect(listed.data?.map(({ name }) => name).filter((name) => names.includes(name))).toEqual(
      names.toReversed(),
    );
    expect((await storage().listBuckets({ search: "shelf-", limit: 1 })).data).toHaveLength(1);
    for (const name of names) await storage().deleteBucket(name);
  });

  test.each([
    ["a name that exists", () => storage().createBucket("papers"), duplicate],
    [
      "a name that is none",
      () => storage().createBucket("a/b"),
      { message: "Bucket name invalid", status: 400, statusCode: "400" },
    ],
    [
      "a name between spaces",
      () => storage().createBucket(" a "),
      { message: "Bucket name invalid", status: 400, statusCode: "400" },
    ],
    [
      "any type at all as a type",
      () => storage().createBucket(unique("odd"), { public: false, allowedMimeTypes: ["*/*"] }),
      { message: "mime type */* is not supported", status: 400, statusCode: "415" },
    ],
    [
      "more than the project allows",
      () => storage().createBucket(unique("huge"), { public: false, fileSizeLimit: "20GB" }),
      { message: "The object exceeded the maximum allowed size", status: 400, statusCode: "413" },
    ],
    [
      "a size that is none",
      () => storage().createBucket(unique("odd"), { public: false, fileSizeLimit: "much" }),
      {
        message: "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B",
        status: 400,
        statusCode: "400",
      },
    ],
    [
      "types that are none",
      () => storage().createBucket(unique("odd"), { public: false, allowedMimeTypes: ["thing"] }),
      { message: "mime type thing is not supported", status: 400, statusCode: "415" },
    ],
    [
      "a bucket that is not there",
      () => storage().updateBucket("nothing", { public: true }),
      bucketNotFound,
    ],
  ])("is refused %s", async (_, attempt, refusal) => {
    expect(refusalOf(await attempt())).toEqual(refusal);
  });
});

test("types are kept bare: in lower case, without parameters, each once", async () => {
  const id = unique("typed");
  const allowedMimeTypes = ["Text/HTML; charset=utf-8", "text/html", "image/*"];
  await storage().createBucket(id, { public: false, allowedMimeTypes });
  expect((await storage().getBucket(id)).data?.allowed_mime_types).toEqual([
    "text/html",
    "image/*",
  ]);
  const html = { contentType: "text/html; charset=utf-8" };
  expect((await storage().from(id).upload("a.html", "<p>", html)).error).toBeNull();
});

test("a change that changes nothing is refused", async () => {
  const response = await askAsService(`bucket/papers`, {});
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      statusCode: "400",
      error: "InvalidRequest",
      message: "No content provided",
      code: "InvalidRequest",
    },
  ]);
});

test("a refusal tells its code", async () => {
  const { client } = await aUser();
  const { data } = await client.auth.getSession();
  const response = await ask("bucket/nothing", {
    headers: { authorization: `Bearer ${data.session?.access_token}` },
  });
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      statusCode: "404",
      error: "Bucket not found",
      message: "Bucket not found",
      code: "NoSuchBucket",
    },
  ]);
});

test("an address that is none is answered as 404", async () => {
  const response = await ask("nothing/here");
  expect([response.status, await response.json()]).toEqual([
    404,
    { statusCode: 404, error: "Not Found", message: "Route GET:/nothing/here not found" },
  ]);
});

test("only service_role empties buckets", async () => {
  const { client } = await aUser();
  expect(refusalOf(await client.storage.emptyBucket("papers"))).toEqual({
    message: "Access denied: Invalid role",
    status: 403,
    statusCode: "403",
  });
});

test("users make no buckets and see none without a policy", async () => {
  const { client } = await aUser();
  expect(refusalOf(await client.storage.createBucket(unique("mine")))).toEqual(deniedByPolicy);
  expect((await client.storage.listBuckets()).data).toEqual([]);
  expect(refusalOf(await client.storage.getBucket("papers"))).toEqual(bucketNotFound);
  expect(refusalOf(await client.storage.deleteBucket("letters"))).not.toBeNull();
});

test("without key and token there are no buckets to list", async () => {
  const response = await ask("bucket");
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(response.status).toBeLessThan(500);
});

test("buckets of config.toml stand, with the files of their folders", async () => {
  expect((await storage().getBucket("pictures")).data).toMatchObject({
    public: true,
    file_size_limit: 1024 * 1024,
    allowed_mime_types: ["image/png", "image/jpeg", "image/webp", "image/gif"],
  });
  const samples = storage().from("samples");
  const names = (await samples.list()).data?.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["deep", "hello.txt"]));
  const hello = await samples.download("hello.txt");
  expect(await hello.data?.text()).toBe("hello");
  expect((await samples.info("deep/data.json")).data).toMatchObject({
    contentType: "application/json",
    size: 17,
  });
});
