import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { serviceClient } from "../support/platform.ts";
import {
  ask,
  aUser,
  bucketNotFound,
  bytesOf,
  deniedByPolicy,
  duplicate,
  objectNotFound,
  refusalOf,
  textOf,
  unique,
} from "./support.ts";

const tooLarge = {
  message: "The object exceeded the maximum allowed size",
  status: 400,
  statusCode: "413",
};

const unsupported = (mimetype: string) => ({
  message: `mime type ${mimetype} is not supported`,
  status: 400,
  statusCode: "415",
});

describe("a user", () => {
  test.each([
    ["bytes", (content: Buffer) => new Uint8Array(content)],
    ["a blob, as a form", (content: Buffer) => new Blob([new Uint8Array(content)])],
    [
      "a form of their own",
      (content: Buffer) => {
        const form = new FormData();
        form.append("", new Blob([new Uint8Array(content)]), "a.bin");
        return form;
      },
    ],
    ["a web stream", (content: Buffer) => new Blob([new Uint8Array(content)]).stream()],
    [
      "a Node stream",
      (content: Buffer) => Readable.from([content.subarray(0, 9), content.subarray(9)]),
    ],
  ])("uploads %s and downloads the same bytes", async (_, bodyOf) => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    // Line ends and dashes, as a form's boundaries have them, must pass untouched.
    const content = Buffer.concat([
      Buffer.from("\r\n--"),
      randomBytes(300_000),
      Buffer.from("\r\n----\r\n\r\n--"),
    ]);
    const path = `${id}/scan (1) & co + 100.bin`;
    const up = await papers.upload(path, bodyOf(content));
    expect(up.error).toBeNull();
    expect(up.data).toEqual({ id: expect.any(String), path, fullPath: `papers/${path}` });
    const down = await papers.download(path);
    expect(Buffer.compare(await bytesOf(down.data), content)).toBe(0);
  });

  test.each(["ü.txt", "a#b.txt", "a%b.txt", "a[1].txt", "a~b.txt"])(
    "may not name a file %s",
    async (name) => {
      const { client, id } = await aUser();
      const path = `${id}/${name}`;
      // Clients write such names as they are into the address, except in a form's.
      const response = await ask(`object/papers/${id}/${encodeURIComponent(name)}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${(await client.auth.getSession()).data.session?.access_token}`,
        },
        body: "a",
      });
      expect([response.status, await response.json()]).toEqual([
        400,
        {
          statusCode: "400",
          error: "InvalidKey",
          message: `Invalid key: ${path}`,
          code: "InvalidKey",
        },
      ]);
    },
  );

  test("may not say a type that is none", async () => {
    const { client, id } = await aUser();
    const up = await client.storage
      .from("papers")
      .upload(`${id}/a`, new Uint8Array(1), { contentType: "thing" });
    expect(refusalOf(up)).toEqual({
      message: "Invalid Content-Type header",
      status: 400,
      statusCode: "415",
    });
  });

  test("who says nothing of their own about a file has said nothing", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    await papers.upload(`${id}/plain.txt`, "a");
    expect((await papers.info(`${id}/plain.txt`)).data?.metadata).toEqual({});
  });

  test("says type, age in caches and things of their own about a file", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    const metadata = { shelf: "ümlaut", tags: ["a", "b"], deep: { n: 1 } };
    const options = { contentType: "text/css", cacheControl: "120", metadata };
    await papers.upload(`${id}/raw.css`, "a{}", options);
    const blob = new Blob(["a{}"], { type: "text/css" });
    await papers.upload(`${id}/form.css`, blob, options);
    for (const name of ["raw.css", "form.css"]) {
      expect((await papers.info(`${id}/${name}`)).data).toMatchObject({
        name: `${id}/${name}`,
        bucketId: "papers",
        size: 3,
        contentType: "text/css",
        cacheControl: "max-age=120",
        etag: expect.stringMatching(/^".+"$/),
        metadata,
        version: expect.any(String),
      });
    }
  });

  test("owns what they upload", async () => {
    const { client, id } = await aUser();
    const { data } = await client.storage.from("papers").upload(`${id}/mine.txt`, "mine");
    const copied = await client.storage.from("papers").copy(`${id}/mine.txt`, `${id}/copy.txt`);
    expect(copied.data?.path).toBe(`papers/${id}/copy.txt`);
    const removed = await client.storage.from("papers").remove([`${id}/mine.txt`]);
    expect(removed.data).toMatchObject([{ id: data?.id, owner: id, owner_id: id }]);
  });

  test("replaces a file only by saying so", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    const path = `${id}/terms.txt`;
    const first = await papers.upload(path, "first");
    expect(refusalOf(await papers.upload(path, "second"))).toEqual(duplicate);
    expect(await textOf((await papers.download(path)).data)).toBe("first");
    const before = await papers.info(path);
    const upsert = await papers.upload(path, "third", { upsert: true });
    expect(upsert.data?.id).toBe(first.data?.id);
    expect(await textOf((await papers.download(path)).data)).toBe("third");
    const after = await papers.info(path);
    expect(after.data?.version).not.toBe(before.data?.version);
    expect((await papers.update(path, "fourth")).error).toBeNull();
    expect(await textOf((await papers.download(path)).data)).toBe("fourth");
  });

  test("uploads into nobody else's folder, in no way", async () => {
    const [ada, bo] = [await aUser(), await aUser()];
    const papers = bo.client.storage.from("papers");
    const path = `${ada.id}/forged.txt`;
    expect(refusalOf(await papers.upload(path, "x"))).toEqual(deniedByPolicy);
    expect(refusalOf(await papers.upload(path, "x", { upsert: true }))).toEqual(deniedByPolicy);
    expect(refusalOf(await papers.update(path, "x"))).toEqual(deniedByPolicy);
    expect(refusalOf(await papers.createSignedUploadUrl(path))).toEqual(deniedByPolicy);
    const seen = await serviceClient().storage.from("papers").list(ada.id);
    expect(seen.data).toEqual([]);
  });

  test("puts into a box that they cannot look into, but replaces nothing there", async () => {
    const { client, id } = await aUser();
    const letters = client.storage.from("letters");
    expect((await letters.upload(`${id}/a.txt`, "dear")).error).toBeNull();
    expect(refusalOf(await letters.upload(`${id}/a.txt`, "x", { upsert: true }))).toEqual(
      deniedByPolicy,
    );
    expect(refusalOf(await letters.download(`${id}/a.txt`))).toEqual(objectNotFound);
  });

  test("keeps an empty file", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    expect((await papers.upload(`${id}/empty`, new Uint8Array())).error).toBeNull();
    const { data } = await papers.download(`${id}/empty`);
    expect(data?.size).toBe(0);
  });
});

describe("limits", () => {
  test("a bucket takes only the types that it names", async () => {
    const { client, id } = await aUser();
    const tiny = client.storage.from("tiny");
    const picture = await tiny.upload(`${id}/a.png`, "x", { contentType: "image/png" });
    expect(refusalOf(picture)).toEqual(unsupported("image/png"));
    const form = await tiny.upload(`${id}/a.png`, new Blob(["x"], { type: "image/png" }));
    expect(refusalOf(form)).toEqual(unsupported("image/png"));
    for (const contentType of ["text/html", "application/json"]) {
      const { error } = await tiny.upload(`${id}/${contentType}`, "x", { contentType });
      expect(error).toBeNull();
    }
  });

  test("a bucket takes files up to its limit, whatever the client says of their length", async () => {
    const { client, id } = await aUser();
    const tiny = client.storage.from("tiny");
    const contentType = "text/plain";
    expect((await tiny.upload(`${id}/1000`, "x".repeat(1000), { contentType })).error).toBeNull();
    for (const body of [
      "x".repeat(1001),
      new Blob(["x".repeat(1001)], { type: contentType }),
      new Blob(["x".repeat(1001)]).stream(),
    ]) {
      const attempt = await tiny.upload(`${id}/1001`, body, { contentType });
      expect(refusalOf(attempt)).toEqual(tooLarge);
    }
    const { data } = await tiny.list(id);
    expect(data?.map(({ name }) => name)).toEqual(["1000"]);
  });

  test("a refused replacement leaves the old file", async () => {
    const { client, id } = await aUser();
    const tiny = client.storage.from("tiny");
    const options = { contentType: "text/plain", upsert: true };
    await tiny.upload(`${id}/a.txt`, "old", options);
    expect(refusalOf(await tiny.upload(`${id}/a.txt`, "x".repeat(2000), options))).toEqual(
      tooLarge,
    );
    expect(await textOf((await tiny.download(`${id}/a.txt`)).data)).toBe("old");
  });

  test("the project's limit holds where a bucket has none, and the next request is served", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    const large = new Uint8Array(8 * 1024 * 1024 + 1);
    expect(refusalOf(await papers.upload(`${id}/large`, large))).toEqual(tooLarge);
    expect((await papers.upload(`${id}/small`, "small")).error).toBeNull();
  });
});

test("a file in no bucket is refused", async () => {
  const upload = await serviceClient().storage.from("nothing").upload("a.txt", "a");
  expect(refusalOf(upload)).toEqual(bucketNotFound);
});

test("a form without a file is refused", async () => {
  const user = await aUser();
  const body = new FormData();
  body.append("cacheControl", "1");
  const response = await ask(`object/papers/${user.id}/a.txt`, { method: "POST", as: user, body });
  expect(response.status).toBe(400);
});

test.each([
  ["no key", {}],
  ["a token that is none", { authorization: "Bearer nonsense" }],
])("an upload with %s is refused", async (_, headers) => {
  const path = `object/papers/${unique("a.txt")}`;
  const response = await ask(path, { method: "POST", body: "x", headers });
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(response.status).toBeLessThan(500);
});

test("a bearer token does without an API key", async () => {
  const { id, token } = await aUser();
  const response = await ask(`object/papers/${id}/a.txt`, {
    method: "POST",
    body: "x",
    headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" },
  });
  expect(await response.json()).toEqual({ Id: expect.any(String), Key: `papers/${id}/a.txt` });
});
