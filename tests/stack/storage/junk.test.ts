import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { openDatabase, type StorageAlone, startStorage } from "./harness.ts";

let database: Database;
let storage: StorageAlone;

beforeAll(async () => {
  database = await openDatabase();
  storage = await startStorage({ database });
});

afterAll(async () => {
  await storage.stop();
  await database.close();
});

const json = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

const form = (head: string, fields = ""): RequestInit => ({
  method: "POST",
  headers: { "content-type": "multipart/form-data; boundary=b" },
  body: `${fields}--b\r\ncontent-disposition: form-data; name=""; filename="a"\r\n${head}\r\n\r\nx\r\n--b--`,
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

const tus = (metadata: Record<string, string>, more: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: {
    "tus-resumable": "1.0.0",
    "upload-length": "0",
    "upload-metadata": Object.entries(metadata)
      .map(([name, value]) => `${name} ${base64(value)}`)
      .join(","),
    ...more,
  },
});

test.each<[string, string, RequestInit?]>([
  ["a path that is not decoded", "object/papers/%ff%fe"],
  ["a key with NUL", "object/papers/a%00b", { method: "POST", body: "x" }],
  ["a key that is too long", `object/papers/${"a".repeat(5000)}`, { method: "POST", body: "x" }],
  ["a bucket that is no name", "object/%E2%98%83/a"],
  ["no JSON", "object/list/papers", { method: "POST", body: "{" }],
  ["JSON of another kind", "object/list/papers", json([1, 2])],
  ["a prefix with NUL", "object/list/papers", json({ prefix: "a\0b" })],
  ["half a character", "object/list/papers", json({ prefix: "\ud800" })],
  ["an offset beyond all", "object/list/papers", json({ prefix: "", offset: 2 ** 52 })],
  ["a limit beyond all", "object/list-v2/papers", json({ limit: 2 ** 52 })],
  ["a cursor that is none", "object/list-v2/papers", json({ cursor: "junk" })],
  [
    "a cursor that says no time",
    "object/list-v2/papers",
    json({
      cursor: Buffer.from('{"name":"a","after":"never"}').toString("base64url"),
      sortBy: { column: "created_at" },
    }),
  ],
  ["a bucket with NUL", "bucket", json({ name: "a\0" })],
  ["an endless signature", "object/sign/papers/a", json({ expiresIn: 2 ** 53 })],
  ["names with NUL", "object/papers", { ...json({ prefixes: ["\0"] }), method: "DELETE" }],
  ["a page of buckets beyond all", `bucket?offset=${2 ** 52}`],
  [
    "things about a file that no database holds",
    "object/papers/nul",
    { method: "POST", body: "x", headers: { "x-metadata": base64('{"a":"\\u0000"}') } },
  ],
  ["a form whose type is no header", "object/papers/snow", form("content-type: ☃/x")],
  [
    "a form without a boundary",
    "object/papers/none",
    {
      method: "POST",
      headers: { "content-type": "multipart/form-data" },
      body: "x",
    },
  ],
  ["a resumable upload of nothing", "upload/resumable", tus({})],
  ["one whose key has NUL", "upload/resumable", tus({ bucketName: "papers", objectName: "\0" })],
  [
    "one whose type is no header",
    "upload/resumable",
    tus({ bucketName: "papers", objectName: "t", contentType: "☃/x" }),
  ],
  [
    "one of a length that is none",
    "upload/resumable",
    tus({ bucketName: "papers", objectName: "l" }, { "upload-length": "-5" }),
  ],
  ["one that is none", "upload/resumable/..%2f..%2fetc", { method: "HEAD" }],
  ["an image of a size that is none", "render/image/public/pictures/a?width=1e999"],
])("%s is the client's mistake", async (_, path, init) => {
  const response = await storage.ask(path, init);
  expect(response.status).toBeGreaterThanOrEqual(200);
  expect(response.status).toBeLessThan(500);
});

test("an age that is no header is left out", async () => {
  const field = '--b\r\ncontent-disposition: form-data; name="cacheControl"\r\n\r\n☃\r\n';
  await storage.ask("object/papers/age", form("content-type: text/plain", field));
  const response = await storage.ask("object/papers/age");
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-cache"]);
});

test("rows that were written in SQL are served as far as they can be", async () => {
  await database.query(
    `update storage.objects set metadata = '{"size": "much", "mimetype": 7, "eTag": null}'
     where name = 'age'`,
  );
  const response = await storage.ask("object/papers/age");
  expect([response.status, await response.text()]).toEqual([200, "x"]);
  expect((await storage.ask("object/info/papers/age")).status).toBe(200);
});
