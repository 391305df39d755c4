import { beforeAll, describe, expect, test } from "vitest";
import { publicClient, serviceClient } from "../support/platform.ts";
import {
  ask,
  aUser,
  bucketNotFound,
  objectNotFound,
  refusalOf,
  textOf,
  type User,
  unique,
} from "./support.ts";

let ada: User;
let bo: User;

beforeAll(async () => {
  [ada, bo] = await Promise.all([aUser(), aUser()]);
});

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const aPicture = async (cacheControl = "600") => {
  const path = `${unique("shelf")}/dot.png`;
  const { error } = await serviceClient()
    .storage.from("pictures")
    .upload(path, png, { contentType: "image/png", cacheControl });
  expect(error).toBeNull();
  return path;
};

/** A picture that a client has downloaded before: its address and the validators that came with it. */
const aKnownPicture = async () => {
  const address = `object/public/pictures/${await aPicture()}`;
  const response = await ask(address);
  await response.arrayBuffer();
  const { headers } = response;
  return { address, etag: headers.get("etag") ?? "", modified: headers.get("last-modified") ?? "" };
};

describe("a private file", () => {
  test("is downloaded, described and there for its owner", async () => {
    const papers = ada.client.storage.from("papers");
    const path = `${ada.id}/letter.txt`;
    await papers.upload(path, "dear bo", { contentType: "text/plain" });
    const { data } = await papers.download(path);
    expect([await textOf(data), data?.type]).toEqual(["dear bo", "text/plain"]);
    expect((await papers.exists(path)).data).toBe(true);
    expect((await papers.exists(`${path}x`)).data).toBe(false);
    expect((await papers.info(path)).data).toMatchObject({ size: 7, name: path });
    const authenticated = await ask(`object/authenticated/papers/${path}`, { as: ada });
    expect(await authenticated.text()).toBe("dear bo");
  });

  test("is not there for strangers, at no address", async () => {
    const path = `${ada.id}/secret.txt`;
    await ada.client.storage.from("papers").upload(path, "secret");
    for (const client of [bo.client, publicClient()]) {
      const papers = client.storage.from("papers");
      expect(refusalOf(await papers.download(path))).toEqual(objectNotFound);
      expect(refusalOf(await papers.info(path))).toEqual(objectNotFound);
      expect((await papers.exists(path)).data).toBe(false);
      expect(refusalOf(await papers.createSignedUrl(path, 60))).toEqual(objectNotFound);
    }
    for (const address of [
      `object/public/papers/${path}`,
      `object/papers/${path}`,
      `object/info/public/papers/${path}`,
      `render/image/public/papers/${path}?width=10`,
    ]) {
      const response = await ask(address);
      expect([response.status, await response.json()]).toEqual([
        400,
        expect.objectContaining({ statusCode: "404", message: "Bucket not found" }),
      ]);
    }
  });

  test("comes in ranges", async () => {
    const path = `${ada.id}/digits.txt`;
    await ada.client.storage.from("papers").upload(path, "0123456789");
    const part = async (range: string) => {
      const response = await ask(`object/papers/${path}`, { as: ada, headers: { range } });
      return [response.status, await response.text(), response.headers.get("content-range")];
    };
    expect(await part("bytes=2-5")).toEqual([206, "2345", "bytes 2-5/10"]);
    expect(await part("bytes=7-")).toEqual([206, "789", "bytes 7-9/10"]);
    expect(await part("bytes=-3")).toEqual([206, "789", "bytes 7-9/10"]);
    expect(await part("bytes=0-99")).toEqual([206, "0123456789", "bytes 0-9/10"]);
    expect(await part("bytes=-99")).toEqual([206, "0123456789", "bytes 0-9/10"]);
    for (const range of ["bytes=10-", "bytes=5-2", "bytes=-0", "bytes=-", "bytes=0-1,3-4", "2-5"]) {
      const response = await ask(`object/papers/${path}`, { as: ada, headers: { range } });
      expect([response.status, await response.json()]).toEqual([
        416,
        {
          statusCode: "416",
          code: "InvalidRange",
          error: "invalid_range",
          message: "invalid range provided",
        },
      ]);
    }
  });
});

describe("a public file", () => {
  test("is open to everybody, with what caches need", async () => {
    const path = await aPicture();
    const { data } = publicClient().storage.from("pictures").getPublicUrl(path);
    const response = await fetch(data.publicUrl);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/png",
      "content-length": String(png.length),
      "cache-control": "max-age=600",
      "accept-ranges": "bytes",
      etag: expect.stringMatching(/^".+"$/),
      "last-modified": expect.stringMatching(/GMT$/),
    });
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), png)).toBe(0);
    // Also without "public" in the address, with and without a session.
    expect((await ask(`object/pictures/${path}`)).status).toBe(200);
    expect((await bo.client.storage.from("pictures").download(path)).error).toBeNull();
  });

  test("has its validators and its lifetime also on what tells about it", async () => {
    const path = await aPicture();
    const file = await ask(`object/public/pictures/${path}`);
    await file.arrayBuffer();
    const info = await ask(`object/info/public/pictures/${path}`);
    const headers = ["etag", "last-modified", "cache-control"];
    expect(headers.map((name) => info.headers.get(name))).toEqual(
      headers.map((name) => file.headers.get(name)),
    );
    expect(info.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await info.json()).toMatchObject({ name: path, etag: info.headers.get("etag") });
  });

  test("is not sent again to who has it", async () => {
    const { address, etag, modified } = await aKnownPicture();
    for (const headers of [{ "if-none-match": etag }, { "if-modified-since": modified }]) {
      const again = await ask(address, { headers });
      expect([again.status, await again.text()]).toEqual([304, ""]);
    }
    const bare = etag.replaceAll('"', "");
    for (const known of [bare, `W/${etag}`, `"a,b", ${etag}`, "*"]) {
      const again = await ask(address, { headers: { "if-none-match": known } });
      expect(again.status).toBe(304);
    }
    const other = await ask(address, { headers: { "if-none-match": '"another"' } });
    expect(other.status).toBe(200);
  });

  test("is not sent to who wants another version of it", async () => {
    const { address, etag, modified } = await aKnownPicture();
    const old = new Date(Date.parse(modified) - 10_000).toUTCString();
    const wanted = [
      { "if-match": etag, "if-unmodified-since": old },
      { "if-match": "*" },
      { "if-unmodified-since": modified },
      { "if-unmodified-since": "some day" },
    ];
    for (const headers of wanted) expect((await ask(address, { headers })).status).toBe(200);
    for (const headers of [{ "if-match": '"another"' }, { "if-unmodified-since": old }]) {
      const response = await ask(address, { headers });
      expect([response.status, await response.json()]).toEqual([
        412,
        {
          statusCode: "412",
          code: "PreconditionFailed",
          error: "PreconditionFailed",
          message: "PreconditionFailed",
        },
      ]);
    }
  });

  test("is saved under the name that the address says", async () => {
    const path = await aPicture();
    const pictures = publicClient().storage.from("pictures");
    const disposition = async (download: string | boolean) => {
      const { data } = pictures.getPublicUrl(path, { download });
      return (await fetch(data.publicUrl)).headers.get("content-disposition");
    };
    expect(await disposition(true)).toBe("attachment;");
    expect(await disposition("a b.png")).toBe(
      "attachment; filename=a%20b.png; filename*=UTF-8''a%20b.png",
    );
  });

  test("says its size to a HEAD request", async () => {
    const path = await aPicture();
    const response = await ask(`object/public/pictures/${path}`, { method: "HEAD" });
    expect([response.status, response.headers.get("content-length")]).toEqual([
      200,
      String(png.length),
    ]);
  });

  test("is written by nobody without a policy", async () => {
    const { error } = await bo.client.storage
      .from("pictures")
      .upload(unique("graffiti.png"), png, { contentType: "image/png" });
    expect(error?.message).toBe("new row violates row-level security policy");
  });
});

test("a page is shown as text, since it would run at the project's address", async () => {
  const path = `${ada.id}/page.html`;
  await ada.client.storage.from("papers").upload(path, "<script>", { contentType: "text/html" });
  const response = await ask(`object/papers/${path}`, { as: ada });
  expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
});

test("a bucket that is not there has no files", async () => {
  const { data } = publicClient().storage.from("nothing").getPublicUrl("a.txt");
  const response = await fetch(data.publicUrl);
  expect([response.status, await response.json()]).toMatchObject([400, { statusCode: "404" }]);
  const download = await ada.client.storage.from("nothing").download("a.txt");
  expect(refusalOf(download)).toEqual(bucketNotFound);
});
