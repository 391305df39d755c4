import sharp from "sharp";
import { Upload as TusUpload } from "tus-js-client";
import { beforeAll, describe, expect, inject, test } from "vitest";
import {
  type Actor,
  admin,
  anon,
  customer,
  guest,
  seller,
  support,
  unique,
} from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { aVariant } from "../support/factories.ts";

let ada: Actor;
let bo: Actor;
let kit: Actor;
let mod: Actor;
let sol: Actor & { sellerId: string };
let sam: Actor & { sellerId: string };

beforeAll(async () => {
  [ada, bo, kit, mod, sol, sam] = await Promise.all([
    customer("ada"),
    customer("bo"),
    support(),
    admin(),
    seller("sol"),
    seller("sam"),
  ]);
});

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2, 255]);

interface Upload {
  content?: Uint8Array;
  contentType?: string;
  upsert?: boolean;
}

const upload = (
  { client }: Actor,
  bucket: "avatars" | "media",
  path: string,
  { content = png, contentType = "image/png", upsert = false }: Upload = {},
) => client.storage.from(bucket).upload(path, content, { contentType, upsert });

/** What anybody gets at the public address, without a key. */
const open = async (bucket: string, path: string) => {
  const { data } = anon().client.storage.from(bucket).getPublicUrl(path);
  const answer = await fetch(data.publicUrl);
  return { ok: answer.ok, bytes: new Uint8Array(await answer.arrayBuffer()) };
};

describe("an avatar", () => {
  test("is uploaded by its owner, named by the profile, and open to everybody", async () => {
    const path = `${ada.id}/${unique("face")}.png`;
    expect((await upload(ada, "avatars", path)).error).toBeNull();
    const changed = ada.client.from("profiles").update({ avatar_path: path }).eq("user_id", ada.id);
    const profile = await ok(changed.select("avatar_path").single());
    expect(await open("avatars", profile.avatar_path ?? "")).toEqual({ ok: true, bytes: png });
  });

  test("is replaced, listed and removed by its owner", async () => {
    const path = `${ada.id}/face.png`;
    await upload(ada, "avatars", path, { upsert: true });
    const newer = Uint8Array.from([...png, 7]);
    const again = await upload(ada, "avatars", path, { content: newer, upsert: true });
    expect(again.error).toBeNull();
    expect((await open("avatars", path)).bytes).toEqual(newer);
    const avatars = ada.client.storage.from("avatars");
    const { data } = await avatars.list(ada.id);
    expect(data?.some(({ name }) => name.endsWith("face.png"))).toBe(true);
    expect((await avatars.remove([path])).data).toHaveLength(1);
    expect((await open("avatars", path)).ok).toBe(false);
  });

  test("is a guest's too", async () => {
    const gil = await guest();
    expect((await upload(gil, "avatars", `${gil.id}/face.png`)).error).toBeNull();
  });

  test.each<[string, () => [Actor, string]]>([
    ["in somebody else's folder", () => [bo, `$ada.id/forged.png`]],
    ["in no folder", () => [ada, "forged.png"]],
    ["in a folder below no owner's", () => [ada, `public/${ada.id}/forged.png`]],
    ["by staff in a customer's folder", () => [mod, `${ada.id}/forged.png`]],
    ["without being signed in", () => [anon(), `${ada.id}/forged.png`]],
  ])("%s is refused", async (_, make) => {
    const [actor, path] = make();
    expect((await upload(actor, "avatars", path)).error?.message).toMatch(/row-level security/);
    expect((await open("avatars", path)).ok).toBe(false);
  });

  test("of somebody else is neither replaced, removed nor moved", async () => {
    const path = `${ada.id}/${unique("face")}.png`;
    await upload(ada, "avatars", path);
    const changed = { content: Uint8Array.from([1]), upsert: true };
    expect((await upload(bo, "avatars", path, changed)).error).not.toBeNull();
    const avatars = bo.client.storage.from("avatars");
    expect((await avatars.remove([path])).data ?? []).toEqual([]);
    expect((await avatars.move(path, `${bo.id}/mine.png`)).error).not.toBeNull();
    expect((await avatars.list(ada.id)).data).toEqual([]);
    expect((await open("avatars", path)).bytes).toEqual(png);
  });

  test.each<[string, Upload]>([
    ["a page", { contentType: "text/html" }],
    ["a drawing that can carry scripts", { contentType: "image/svg+xml" }],
  ])("that is %s is refused", async (_, what) => {
    const path = `${ada.id}/${unique("odd")}.png`;
    expect((await upload(ada, "avatars", path, what)).error).not.toBeNull();
    expect((await open("avatars", path)).ok).toBe(false);
  });
});

describe("a picture of a product", () => {
  test("is uploaded by its seller or an admin, and open to everybody", async () => {
    for (const [actor, folder] of [
      [sol, sol.sellerId],
      [mod, sol.sellerId],
      [mod, "shop"],
    ] as const) {
      const path = `${folder}/${unique("kettle")}.png`;
      expect((await upload(actor, "media", path)).error).toBeNull();
      expect(await open("media", path)).toEqual({ ok: true, bytes: png });
    }
  });

  test.each<[string, () => [Actor, string]]>([
    ["another seller", () => [sam, sol.sellerId]],
    ["a seller in the shop's own folder", () => [sol, "shop"]],
    ["a customer", () => [ada, sol.sellerId]],
    ["a customer in a folder of their own", () => [ada, ada.id]],
    ["support", () => [kit, sol.sellerId]],
    ["who is not signed in", () => [anon(), sol.sellerId]],
  ])("is not uploaded by %s", async (_, make) => {
    const [actor, folder] = make();
    const { error } = await upload(actor, "media", `${folder}/${unique("forged")}.png`);
    expect(error?.message).toMatch(/row-level security/);
  });

  test("is not uploaded by a seller who is suspended", async () => {
    const zoe = await seller("zoe");
    const status = { seller_id: zoe.sellerId, status: "suspended" } as const;
    await ok(mod.client.rpc("set_seller_status", status));
    const { error } = await upload(zoe, "media", `${zoe.sellerId}/late.png`);
    expect(error?.message).toMatch(/row-level security/);
  });
});

/** A picture that is one, of so many pixels. */
const photograph = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#936" } })
    .png()
    .toBuffer();

/** Sends a file in pieces, as browsers send videos; resolves when it is stored. */
const sendResumably = async (actor: Actor, path: string, content: Buffer, contentType: string) => {
  const { data } = await actor.client.auth.getSession();
  const { url, publishableKey } = inject("project");
  await new Promise<void>((onSuccess, onError) => {
    new TusUpload(content, {
      endpoint: `${url}/storage/v1/upload/resumable`,
      headers: { apikey: publishableKey, authorization: `Bearer ${data.session?.access_token}` },
      metadata: { bucketName: "media", objectName: path, contentType },
      chunkSize: 6 * 1024 * 1024,
      retryDelays: null,
      onSuccess: () => onSuccess(),
      onError,
    }).start();
  });
};

describe("what a product shows", () => {
  test("is pictures and videos in the seller's order, each with words for who cannot see it", async () => {
    const { productId } = await aVariant({ as: sol });
    const folder = `${sol.sellerId}/${unique("kettle")}`;
    const picture = await photograph(900, 600);
    expect(
      (await upload(sol, "media", `${folder}/front.png`, { content: picture })).error,
    ).toBeNull();
    const film = Buffer.alloc(12 * 1024 * 1024, "film");
    await sendResumably(sol, `${folder}/boil.mp4`, film, "video/mp4");
    await ok(
      sol.client
        .from("product_media")
        .insert([
          {
            product_id: productId,
            path: `${folder}/boil.mp4`,
            kind: "video",
            alt: "It boils.",
            position: 2,
          },
          {
            product_id: productId,
            path: `${folder}/front.png`,
            kind: "image",
            alt: "From the front.",
            position: 1,
          },
        ])
        .select("id"),
    );

    const media = anon().client.from("product_media").select("path, kind, alt");
    const shown = await ok(media.eq("product_id", productId).order("position"));
    expect(shown).toEqual([
      { path: `${folder}/front.png`, kind: "image", alt: "From the front." },
      { path: `${folder}/boil.mp4`, kind: "video", alt: "It boils." },
    ]);
    expect((await open("media", `${folder}/boil.mp4`)).bytes.length).toBe(film.length);
  });

  test("comes in the size that a page needs, as WebP where it is taken", async () => {
    const path = `${sol.sellerId}/${unique("kettle")}.png`;
    await upload(sol, "media", path, { content: await photograph(900, 600) });
    const { data } = anon()
      .client.storage.from("media")
      .getPublicUrl(path, { transform: { width: 300, height: 300 } });
    const answer = await fetch(data.publicUrl, { headers: { accept: "image/webp,*/*" } });
    expect(await sharp(await answer.arrayBuffer()).metadata()).toMatchObject({
      format: "webp",
      width: 300,
      height: 300,
    });
  });

  test("is not written by strangers, in pieces either, and is no program", async () => {
    const path = `${sol.sellerId}/${unique("forged")}.mp4`;
    const film = Buffer.from("film");
    await expect(sendResumably(sam, path, film, "video/mp4")).rejects.toThrow(/row-level security/);
    const program = "application/x-msdownload";
    await expect(sendResumably(sol, path, film, program)).rejects.toThrow(/not supported/);
    expect((await open("media", path)).ok).toBe(false);
  });
});

test("an avatar of more than 2 MiB is refused", async () => {
  const path = `${ada.id}/${unique("large")}.png`;
  const content = new Uint8Array(2 * 1024 * 1024 + 1);
  expect((await upload(ada, "avatars", path, { content })).error).not.toBeNull();
  await expect.poll(async () => (await open("avatars", path)).ok).toBe(false);
});
