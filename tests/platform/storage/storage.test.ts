import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createFolderFileStore,
  createMemoryFileStore,
  type FileStore,
  FileTooLarge,
} from "../../../stack/storage/file-store.ts";
import { parseSize } from "../../../stack/storage/settings.ts";
import { type Platform, startPlatform } from "../auth/local-stack.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);

afterAll(() => platform.stop());

const aUser = async () => {
  const client = platform.client();
  const { data } = await client.auth.signInAnonymously();
  return { client, id: data.user?.id ?? "" };
};

const service = (): SupabaseClient => platform.client(platform.keys.secret);

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 0, 255]);

const bytesOf = async (blob: Blob | null) => new Uint8Array((await blob?.arrayBuffer()) ?? []);

describe("a private bucket", () => {
  test("a user uploads into its own folder and downloads the same bytes", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    const path = `${id}/scan with spaces & ümlaut.png`;
    const up = await papers.upload(path, png, { contentType: "image/png" });
    expect(up.error).toBeNull();
    const down = await papers.download(path);
    expect(down.error).toBeNull();
    expect(await bytesOf(down.data)).toEqual(png);
    expect(down.data?.type).toBe("image/png");
  });

  test("nobody uploads into somebody else's folder", async () => {
    const [ada, bo] = [await aUser(), await aUser()];
    const { error } = await bo.client.storage.from("papers").upload(`${ada.id}/forged.txt`, "x");
    expect(error?.message).toMatch(/row-level security/);
    const { rows } = await platform.database.query(
      "select from storage.objects where name like '%/forged.txt'",
    );
    expect(rows).toEqual([]);
  });

  test("a stranger, anon and the public address all see nothing", async () => {
    const [ada, bo] = [await aUser(), await aUser()];
    await ada.client.storage.from("papers").upload(`${ada.id}/letter.txt`, "dear bo");
    for (const client of [bo.client, platform.client()]) {
      const { data, error } = await client.storage.from("papers").download(`${ada.id}/letter.txt`);
      expect(data).toBeNull();
      expect(error).not.toBeNull();
    }
    const open = await fetch(
      `${platform.url}/storage/v1/object/public/papers/${ada.id}/letter.txt`,
    );
    expect(open.status).toBe(400);
  });

  test("an upload does not replace a file unless it says so", async () => {
    const storage = service().storage.from("papers");
    await storage.upload("shared/terms.txt", "first");
    const again = await storage.upload("shared/terms.txt", "second");
    expect(again.error?.message).toMatch(/exists/);
    const upsert = await storage.upload("shared/terms.txt", "third", { upsert: true });
    expect(upsert.error).toBeNull();
    const { data } = await storage.download("shared/terms.txt");
    expect(await data?.text()).toBe("third");
  });

  test("a signed address opens one file for a while, and only that one", async () => {
    const { client, id } = await aUser();
    await client.storage.from("papers").upload(`${id}/bill.txt`, "42 EUR");
    const papers = client.storage.from("papers");
    const { data } = await papers.createSignedUrl(`${id}/bill.txt`, 60);
    const signed = data?.signedUrl ?? "";
    expect(await (await fetch(signed)).text()).toBe("42 EUR");
    const other = await fetch(signed.replace("bill.txt", "else.txt"));
    expect(other.ok).toBe(false);
    const many = await papers.createSignedUrls([`${id}/bill.txt`, `${id}/none.txt`], 60);
    expect(many.data).toMatchObject([
      { path: `${id}/bill.txt`, error: null },
      { path: `${id}/none.txt`, error: expect.any(String), signedUrl: null },
    ]);
    expect(await (await fetch(many.data?.[0]?.signedUrl ?? "")).text()).toBe("42 EUR");
  });

  test("a signed upload address takes one file without a session", async () => {
    const { client, id } = await aUser();
    const papers = client.storage.from("papers");
    const { data } = await papers.createSignedUploadUrl(`${id}/a photo.png`);
    const { error } = await platform
      .client()
      .storage.from("papers")
      .uploadToSignedUrl(data?.path ?? "", data?.token ?? "", png, { contentType: "image/png" });
    expect(error).toBeNull();
    expect(await bytesOf((await papers.download(`${id}/a photo.png`)).data)).toEqual(png);
  });

  test("a removed file is gone, and strangers cannot remove it", async () => {
    const [ada, bo] = [await aUser(), await aUser()];
    const path = `${ada.id}/note.txt`;
    await ada.client.storage.from("papers").upload(path, "keep");
    expect((await bo.client.storage.from("papers").remove([path])).data).toEqual([]);
    expect((await ada.client.storage.from("papers").download(path)).error).toBeNull();
    expect((await ada.client.storage.from("papers").remove([path])).data).toHaveLength(1);
    expect((await ada.client.storage.from("papers").download(path)).error).not.toBeNull();
  });

  test("SQL cannot delete a row and leave its file behind", async () => {
    const attempt = platform.database.transaction(
      (session) => session.query("delete from storage.objects"),
      { role: "postgres" },
    );
    await expect(attempt).rejects.toMatchObject({ code: "42501" });
  });
});

describe("a public bucket", () => {
  test("a picture is open to everybody at its public address", async () => {
    const { error } = await service()
      .storage.from("pictures")
      .upload("mugs/blue.png", png, { contentType: "image/png", cacheControl: "600" });
    expect(error).toBeNull();
    const { data } = platform.client().storage.from("pictures").getPublicUrl("mugs/blue.png");
    const response = await fetch(data.publicUrl);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("cache-control")).toBe("max-age=600");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(png);
  });

  test("reading is open, writing is not", async () => {
    const { client } = await aUser();
    const { error } = await client.storage
      .from("pictures")
      .upload("mugs/graffiti.png", png, { contentType: "image/png" });
    expect(error?.message).toMatch(/row-level security/);
  });

  test("what config.toml does not allow is refused: other types, larger files", async () => {
    const pictures = service().storage.from("pictures");
    const page = await pictures.upload("page.html", "<p>", { contentType: "text/html" });
    expect(page.error?.message).toMatch(/mime type/i);
    const large = await pictures.upload("large.png", new Uint8Array(65 * 1024), {
      contentType: "image/png",
    });
    expect(large.error).not.toBeNull();
  });
});

test("an unknown key is refused", async () => {
  const { error } = await platform.client("sb_publishable_made_up").storage.listBuckets();
  expect(error?.message).toBe("Invalid API key");
});

describe.each([
  [
    "in memory",
    async (limit: number) => ({ files: createMemoryFileStore(limit), end: async () => {} }),
  ],
  [
    "in a folder",
    async (limit: number) => {
      const folder = await mkdtemp(join(tmpdir(), "files-"));
      return {
        files: createFolderFileStore(folder, limit),
        folder,
        end: () => rm(folder, { recursive: true }),
      };
    },
  ],
])("the file store %s", (_place, open) => {
  const about = { mimetype: "text/plain", cacheControl: "no-cache" };
  const text = async function* (...parts: string[]) {
    for (const part of parts) yield Buffer.from(part);
  };
  const contentOf = async (files: FileStore, bucket: string, key: string) => {
    const file = await files.read(bucket, key);
    if (!file) return null;
    let content = "";
    for await (const chunk of file.content) content += Buffer.from(chunk).toString();
    return { content, ...file.record };
  };

  test("keeps what was written, by bucket and key", async () => {
    const { files, end } = await open(100);
    await files.put("a", "x", text("one", "two"), about);
    await files.put("a", "x/y", text("below"), about);
    await files.put("b", "x", text(""), about);
    expect(await contentOf(files, "a", "x")).toMatchObject({
      content: "onetwo",
      size: 6,
      mimetype: "text/plain",
      md5: "5b9164ad6f496d9dee12ec7634ce253f",
    });
    expect(await contentOf(files, "a", "x/y")).toMatchObject({ content: "below" });
    expect(await contentOf(files, "b", "x")).toMatchObject({ content: "", size: 0 });
    expect(await files.stat("a", "x")).toMatchObject({ size: 6 });
    expect(await contentOf(files, "a", "nothing")).toBeNull();
    await files.delete("a", "x");
    expect(await files.stat("a", "x")).toBeNull();
    await end();
  });

  test("a file over the limit leaves the old one and no draft", async () => {
    const { files, end, ...place } = await open(8);
    await files.put("a", "x", text("old"), about);
    await expect(files.put("a", "x", text("12345", "6789"), about)).rejects.toThrow(FileTooLarge);
    expect(await contentOf(files, "a", "x")).toMatchObject({ content: "old" });
    if ("folder" in place) {
      const names = await readdir(place.folder);
      expect(names.filter((name) => name.startsWith("draft"))).toEqual([]);
    }
    await end();
  });
});

test("sizes are read as config.toml writes them", () => {
  expect(["50MiB", "500KB", "1gib", "10", "1.5 MB"].map(parseSize)).toEqual([
    52_428_800, 500_000, 1_073_741_824, 10, 1_500_000,
  ]);
  expect(() => parseSize("much")).toThrow(/"much" is not a size/);
});
