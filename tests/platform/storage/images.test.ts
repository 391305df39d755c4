import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { publicClient, serviceClient } from "../support/platform.ts";
import { ask, aUser, refusalOf, type User, unique } from "./support.ts";

let path: string;
let ada: User;

/** 400 × 200 pixels, as a photograph. */
const photograph = () =>
  sharp({ create: { width: 400, height: 200, channels: 3, background: "#c33" } })
    .jpeg()
    .toBuffer();

const pictures = () => serviceClient().storage.from("pictures");

beforeAll(async () => {
  ada = await aUser();
  path = `${unique("shelf")}/photo.jpg`;
  const { error } = await pictures().upload(path, await photograph(), {
    contentType: "image/jpeg",
    cacheControl: "900",
  });
  expect(error).toBeNull();
});

type Transform = NonNullable<
  Parameters<ReturnType<typeof pictures>["getPublicUrl"]>[1]
>["transform"];

const shown = async (transform: Transform, headers: Record<string, string> = {}) => {
  const { data } = publicClient()
    .storage.from("pictures")
    .getPublicUrl(path, transform ? { transform } : {});
  const response = await fetch(data.publicUrl, { headers });
  const content = Buffer.from(await response.arrayBuffer());
  expect(response.status).toBe(200);
  const { width, height, format } = await sharp(content).metadata();
  return { response, width, height, format, size: content.length };
};

describe("a public image", () => {
  test.each([
    ["covers a box", { width: 100, height: 100 }, [100, 100]],
    ["fits into a box", { width: 100, height: 100, resize: "contain" }, [100, 50]],
    ["fills a box out of shape", { width: 100, height: 100, resize: "fill" }, [100, 100]],
    ["keeps its shape by width", { width: 200 }, [200, 100]],
    ["keeps its shape by height", { height: 20 }, [40, 20]],
    ["grows no larger than it is", { width: 2000 }, [400, 200]],
  ] as const)("%s", async (_, transform, [width, height]) => {
    expect(await shown(transform)).toMatchObject({ width, height });
  });

  test("is WebP for clients that take it, unless its own format is asked for", async () => {
    const accept = "image/avif,image/webp,*/*";
    const modern = await shown({ width: 100 }, { accept });
    expect(modern.format).toBe("webp");
    expect(modern.response.headers.get("content-type")).toBe("image/webp");
    expect((await shown({ width: 100 }, { accept: "image/png" })).format).toBe("jpeg");
    expect((await shown({ width: 100, format: "origin" }, { accept })).format).toBe("jpeg");
  });

  test("is smaller at a lower quality", async () => {
    const noise = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: "#000",
        noise: { type: "gaussian", mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer();
    const name = `${unique("noise")}.png`;
    await pictures().upload(name, noise, { contentType: "image/png" });
    const sizeAt = async (quality: number) => {
      const response = await ask(
        `render/image/public/pictures/${name}?width=300&quality=${quality}`,
        { headers: { accept: "image/webp" } },
      );
      return (await response.arrayBuffer()).byteLength;
    };
    expect(await sizeAt(20)).toBeLessThan(await sizeAt(90));
  });

  test("is cached as its original is", async () => {
    const { response } = await shown({ width: 50 });
    expect(response.headers.get("cache-control")).toMatch(/^max-age=900/);
    expect(response.headers.get("etag")).toMatch(/^(W\/)?".+"$/);
  });
});

test("a private image is shown to who may read it, in any shape", async () => {
  const own = `${ada.id}/me.jpg`;
  const papers = ada.client.storage.from("papers");
  await papers.upload(own, await photograph(), { contentType: "image/jpeg" });
  const { data } = await papers.download(own, { transform: { width: 80 } });
  expect(await sharp(await data?.arrayBuffer()).metadata()).toMatchObject({
    width: 80,
    height: 40,
  });
  const bo = await aUser();
  const stolen = await bo.client.storage.from("papers").download(own, { transform: { width: 80 } });
  expect(refusalOf(stolen)).toMatchObject({ message: "Object not found" });

  const signed = await papers.createSignedUrl(own, 60, { transform: { width: 60, height: 60 } });
  const address = signed.data?.signedUrl ?? "";
  expect(address).toContain("/render/image/sign/papers/");
  const response = await fetch(address);
  const thumbnail = await sharp(await response.arrayBuffer()).metadata();
  expect(thumbnail).toMatchObject({ width: 60, height: 60 });
  // The shape is part of what was signed.
  const other = await fetch(`${address}&width=300&height=150`);
  expect(await sharp(await other.arrayBuffer()).metadata()).toMatchObject({ width: 60 });
});

test.each([
  ["width=wide", 400],
  ["resize=melt", 400],
  ["quality=500", 400],
])("an address with %s is refused", async (query, status) => {
  const response = await ask(`render/image/public/pictures/${path}?${query}`);
  expect(response.status).toBe(status);
});

test("what is no image is not shown as one", async () => {
  const own = `${ada.id}/text.png`;
  await ada.client.storage.from("papers").upload(own, "no image", { contentType: "image/png" });
  const response = await ask(`render/image/authenticated/papers/${own}?width=10`, { as: ada });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { message: "The source image is invalid or unsupported for rendering", code: "InvalidRequest" },
  ]);
});

test("WebP can be asked for by name", async () => {
  const response = await ask(`render/image/public/pictures/${path}?width=20&format=webp`);
  expect(response.headers.get("content-type")).toBe("image/webp");
});
