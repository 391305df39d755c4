import { randomBytes } from "node:crypto";
import { DetailedError, Upload, type UploadOptions } from "tus-js-client";
import { beforeAll, describe, expect, test } from "vitest";
import { platform, publicClient } from "../support/platform.ts";
import { ask, aUser, bytesOf, textOf, type User } from "./support.ts";

let ada: User;

beforeAll(async () => {
  ada = await aUser();
});

const papers = () => ada.client.storage.from("papers");
const own = (name: string) => `${ada.id}/${name}`;
const endpoint = () => `${platform().url}/storage/v1/upload/resumable`;

interface Sending extends Partial<UploadOptions> {
  as?: User;
  bucket?: string;
  upsert?: boolean;
}

/** Sends a file as the guide for resumable uploads has it; resolves when it is stored. */
const send = (content: Buffer, name: string, sending: Sending = {}): Promise<Upload> => {
  const { as = ada, bucket = "papers", upsert = false, metadata, ...options } = sending;
  return new Promise((resolve, reject) => {
    const upload = new Upload(content, {
      endpoint: endpoint(),
      retryDelays: null,
      headers: {
        apikey: platform().publishableKey,
        authorization: `Bearer ${as.token}`,
        "x-upsert": String(upsert),
      },
      uploadDataDuringCreation: true,
      metadata: { bucketName: bucket, objectName: name, contentType: "video/mp4", ...metadata },
      chunkSize: 1024 * 1024,
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload),
    });
    upload.start();
  });
};

const statusOf = (error: unknown): unknown =>
  error instanceof DetailedError ? error.originalResponse?.getStatus() : error;

const refused = (sending: Promise<Upload>) => sending.then(() => "stored", statusOf);

describe("a resumable upload", () => {
  test("arrives in pieces and is one file in the end", async () => {
    const video = randomBytes(3_500_000);
    await send(video, own("clip.mp4"), {
      metadata: { cacheControl: "3600", metadata: JSON.stringify({ camera: 2 }) },
    });
    const { data } = await papers().download(own("clip.mp4"));
    expect(Buffer.compare(await bytesOf(data), video)).toBe(0);
    expect((await papers().info(own("clip.mp4"))).data).toMatchObject({
      size: video.length,
      contentType: "video/mp4",
      cacheControl: "max-age=3600",
      metadata: { camera: 2 },
    });
  });

  test("goes on where it was cut off", async () => {
    const video = randomBytes(3_000_000);
    const cut = new Promise<string>((resolve, reject) => {
      const upload = new Upload(video, {
        endpoint: endpoint(),
        retryDelays: null,
        headers: { authorization: `Bearer ${ada.token}` },
        metadata: { bucketName: "papers", objectName: own("cut.mp4") },
        chunkSize: 1_000_000,
        onChunkComplete: (_size, accepted) => {
          if (accepted >= 1_000_000) void upload.abort().then(() => resolve(upload.url ?? ""));
        },
        onError: reject,
      });
      upload.start();
    });
    const uploadUrl = await cut;
    expect((await papers().exists(own("cut.mp4"))).data).toBe(false);
    const offset = await fetch(uploadUrl, {
      method: "HEAD",
      headers: { "tus-resumable": "1.0.0", authorization: `Bearer ${ada.token}` },
    });
    expect(Number(offset.headers.get("upload-offset"))).toBeGreaterThanOrEqual(1_000_000);
    expect(offset.headers.get("upload-length")).toBe("3000000");

    const starts: number[] = [];
    await send(video, own("cut.mp4"), {
      uploadUrl,
      onProgress: (sent) => starts.push(sent),
    });
    expect(starts[0]).toBeGreaterThanOrEqual(1_000_000);
    const { data } = await papers().download(own("cut.mp4"));
    expect(Buffer.compare(await bytesOf(data), video)).toBe(0);
  });

  test("is known to be whole after it has been stored", async () => {
    const upload = await send(Buffer.from("whole"), own("whole.txt"));
    const head = await fetch(upload.url ?? "", {
      method: "HEAD",
      headers: { "tus-resumable": "1.0.0", authorization: `Bearer ${ada.token}` },
    });
    expect([head.status, head.headers.get("upload-offset")]).toEqual([200, "5"]);
  });

  test("replaces a file only by saying so", async () => {
    await papers().upload(own("old.txt"), "old");
    expect(await refused(send(Buffer.from("new"), own("old.txt")))).toBe(409);
    expect(await textOf((await papers().download(own("old.txt"))).data)).toBe("old");
    await send(Buffer.from("new"), own("old.txt"), { upsert: true });
    expect(await textOf((await papers().download(own("old.txt"))).data)).toBe("new");
  });

  test("is refused before anything is sent where the policies or the bucket say no", async () => {
    const bo = await aUser();
    const content = Buffer.from("x");
    expect(await refused(send(content, own("forged.txt"), { as: bo }))).toBe(403);
    expect(await refused(send(content, "a.txt", { bucket: "nothing" }))).toBe(404);
    expect(await refused(send(content, own("a.mp4"), { bucket: "tiny" }))).toBe(415);
    const contentType = "text/plain";
    const long = Buffer.alloc(1001, "x");
    const tiny = { bucket: "tiny", metadata: { contentType } };
    expect(await refused(send(long, own("long.txt"), tiny))).toBe(413);
    expect(await refused(send(long.subarray(1), own("long.txt"), tiny))).toBe("stored");
  });

  test("asks the policies again with every piece", async () => {
    const created = await ask("upload/resumable", {
      method: "POST",
      as: ada,
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": "4",
        "upload-metadata": `bucketName ${btoa("papers")},objectName ${btoa(own("shared.txt"))}`,
      },
    });
    expect(created.status).toBe(201);
    const piece = (as: User) =>
      fetch(created.headers.get("location") ?? "", {
        method: "PATCH",
        headers: {
          authorization: `Bearer ${as.token}`,
          "tus-resumable": "1.0.0",
          "upload-offset": "0",
          "content-type": "application/offset+octet-stream",
        },
        body: "four",
      });
    expect((await piece(await aUser())).status).toBe(403);
    expect((await papers().exists(own("shared.txt"))).data).toBe(false);
    expect((await piece(ada)).status).toBe(204);
    expect(await textOf((await papers().download(own("shared.txt"))).data)).toBe("four");
  });

  test("is held to the bucket's limit when its length is said late", async () => {
    const created = await ask("upload/resumable", {
      method: "POST",
      as: ada,
      headers: {
        "tus-resumable": "1.0.0",
        "upload-defer-length": "1",
        "upload-metadata": [
          `bucketName ${btoa("tiny")}`,
          `objectName ${btoa(own("late.txt"))}`,
          `contentType ${btoa("text/plain")}`,
        ].join(","),
      },
    });
    const response = await fetch(created.headers.get("location") ?? "", {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${ada.token}`,
        "tus-resumable": "1.0.0",
        "upload-offset": "0",
        "upload-length": "2000",
        "content-type": "application/offset+octet-stream",
      },
      body: "x".repeat(2000),
    });
    expect(response.status).toBe(413);
    expect((await ada.client.storage.from("tiny").exists(own("late.txt"))).data).toBe(false);
  });

  test("may be sent by a page of another origin", async () => {
    const origin = "http://shop.test";
    const preflight = await ask("upload/resumable", {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers":
          "authorization,tus-resumable,upload-length,upload-metadata",
      },
    });
    expect(preflight.ok).toBe(true);
    const allowed = preflight.headers.get("access-control-allow-headers")?.toLowerCase() ?? "";
    expect(allowed === "*" || allowed.includes("upload-metadata")).toBe(true);
    const created = await ask("upload/resumable", {
      method: "POST",
      as: ada,
      headers: {
        origin,
        "tus-resumable": "1.0.0",
        "upload-length": "1",
        "upload-metadata": `bucketName ${btoa("papers")},objectName ${btoa(own("from-a-page"))}`,
      },
    });
    expect(created.headers.get("access-control-allow-origin")).toMatch(
      /^(\*|http:\/\/shop\.test)$/,
    );
    const exposed = created.headers.get("access-control-expose-headers")?.toLowerCase();
    expect(exposed).toContain("location");
    expect(exposed).toContain("upload-offset");
  });

  test("works with a signed address and no session", async () => {
    const { data } = await papers().createSignedUploadUrl(own("gift.mp4"));
    const anonymous = {
      endpoint: `${endpoint()}/sign`,
      headers: { apikey: platform().publishableKey, "x-signature": data?.token ?? "" },
    };
    const content = randomBytes(2_000_000);
    await send(content, own("gift.mp4"), anonymous);
    const down = await publicClient().storage.from("papers").download(own("gift.mp4"));
    expect(down.error).not.toBeNull();
    expect((await papers().info(own("gift.mp4"))).data).toMatchObject({ size: 2_000_000 });
    expect(await refused(send(content, own("another.mp4"), anonymous))).toBe(400);
  });

  test("may be given up", async () => {
    const created = await ask("upload/resumable", {
      method: "POST",
      as: ada,
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": "4",
        "upload-metadata": `bucketName ${btoa("papers")},objectName ${btoa(own("given-up"))}`,
      },
    });
    const address = created.headers.get("location") ?? "";
    const headers = { "tus-resumable": "1.0.0", authorization: `Bearer ${ada.token}` };
    expect((await fetch(address, { method: "DELETE", headers })).status).toBe(204);
    expect((await fetch(address, { method: "HEAD", headers })).status).toBeGreaterThanOrEqual(404);
  });

  test("is refused without a token", async () => {
    const response = await ask("upload/resumable", {
      method: "POST",
      headers: { "tus-resumable": "1.0.0", "upload-length": "1" },
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });
});
