import { SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { platform, publicClient } from "../support/platform.ts";
import { ask, aUser, duplicate, objectNotFound, refusalOf, textOf, type User } from "./support.ts";

let ada: User;

beforeAll(async () => {
  ada = await aUser();
  await papers().upload(own("bill (1).txt"), "42 EUR", { contentType: "text/plain" });
});

const papers = () => ada.client.storage.from("papers");
const own = (name: string) => `${ada.id}/${name}`;

/** A token as Storage makes them, with whatever in it. */
const token = (claims: Record<string, unknown>, secret = platform().jwtSecret) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .sign(new TextEncoder().encode(secret));

const soon = () => Math.floor(Date.now() / 1000) + 60;

describe("a signed address", () => {
  test("opens one file without a key, and saves it under a name", async () => {
    const { data } = await papers().createSignedUrl(own("bill (1).txt"), 60, {
      download: "bill.txt",
    });
    const response = await fetch(data?.signedUrl ?? "");
    expect(await response.text()).toBe("42 EUR");
    expect(response.headers.get("content-disposition")).toContain("filename=bill.txt");
  });

  test("opens no other file", async () => {
    await papers().upload(own("other.txt"), "other", { upsert: true });
    const { data } = await papers().createSignedUrl(own("bill (1).txt"), 60);
    const signed = new URL(data?.signedUrl ?? "").searchParams.get("token");
    const other = await ask(`object/sign/papers/${own("other.txt")}?token=${signed}`);
    expect([other.status, await other.json()]).toMatchObject([400, { error: "InvalidSignature" }]);
  });

  test("for an upload opens nothing, and one for reading takes no upload", async () => {
    const up = await papers().createSignedUploadUrl(own("new.txt"));
    const read = await ask(`object/sign/papers/${own("new.txt")}?token=${up.data?.token}`);
    expect(await read.json()).toMatchObject({
      error: "InvalidSignature",
      message: "Token is not scoped for download",
    });
    const { data } = await papers().createSignedUrl(own("bill (1).txt"), 60);
    const signed = new URL(data?.signedUrl ?? "").searchParams.get("token") ?? "";
    const refused = await papers().uploadToSignedUrl(own("bill (1).txt"), signed, "0 EUR");
    expect(refusalOf(refused)).toEqual({
      message: "Token is not scoped for upload",
      status: 400,
      statusCode: "400",
    });
  });

  test.each([
    ["no token", async () => ""],
    ["a token that is none", async () => "nonsense"],
    ["one that is over", () => token({ url: `papers/${own("other.txt")}`, exp: soon() - 120 })],
    [
      "one that somebody else signed",
      () => token({ url: `papers/${own("other.txt")}`, exp: soon() }, "x".repeat(40)),
    ],
    ["an access token", async () => ada.token],
  ])("is refused with %s", async (_, make) => {
    const query = new URLSearchParams({ token: await make() });
    const response = await ask(`object/sign/papers/${own("other.txt")}?${query}`);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain("other");
  });

  test("is no access token", async () => {
    const { data } = await papers().createSignedUrl(own("bill (1).txt"), 60);
    const signed = new URL(data?.signedUrl ?? "").searchParams.get("token");
    const response = await ask("bucket", { headers: { authorization: `Bearer ${signed}` } });
    expect(response.status).toBeGreaterThanOrEqual(400);
  });

  test("is made for many files, and not for those that are not seen", async () => {
    const { data } = await papers().createSignedUrls([own("bill (1).txt"), own("none")], 60);
    expect(data).toMatchObject([
      { path: own("bill (1).txt"), error: null },
      {
        path: own("none"),
        error: "Either the object does not exist or you do not have access to it",
        signedUrl: null,
      },
    ]);
    expect(await (await fetch(data?.[0]?.signedUrl ?? "")).text()).toBe("42 EUR");
    expect(refusalOf(await papers().createSignedUrl(own("none"), 60))).toEqual(objectNotFound);
  });

  test("dies with its file", async () => {
    await papers().upload(own("short.txt"), "short");
    const { data } = await papers().createSignedUrl(own("short.txt"), 60);
    await papers().remove([own("short.txt")]);
    expect((await fetch(data?.signedUrl ?? "")).status).toBe(400);
  });
});

describe("a signed upload address", () => {
  test("takes one file without a session, for its owner", async () => {
    const { data } = await papers().createSignedUploadUrl(own("gift.txt"));
    const anonymous = publicClient().storage.from("papers");
    const { path = "", token: signed = "" } = data ?? {};
    const up = await anonymous.uploadToSignedUrl(path, signed, "a gift", {
      contentType: "text/plain",
      metadata: { from: "bo" },
    });
    expect(up.data).toMatchObject({ path, fullPath: `papers/${path}` });
    expect(await textOf((await papers().download(path)).data)).toBe("a gift");
    expect((await papers().info(path)).data?.metadata).toEqual({ from: "bo" });
    const removed = await papers().remove([path]);
    expect(removed.data).toMatchObject([{ owner_id: ada.id }]);
  });

  test("replaces a file only when it was signed so", async () => {
    const anonymous = publicClient().storage.from("papers");
    await papers().upload(own("b.txt"), "old");
    expect(refusalOf(await papers().createSignedUploadUrl(own("b.txt")))).toEqual(duplicate);
    const upsert = await papers().createSignedUploadUrl(own("b.txt"), { upsert: true });
    const up = await anonymous.uploadToSignedUrl(own("b.txt"), upsert.data?.token ?? "", "new");
    expect(up.error).toBeNull();
    expect(await textOf((await papers().download(own("b.txt"))).data)).toBe("new");

    const once = await papers().createSignedUploadUrl(own("c.txt"));
    await papers().upload(own("c.txt"), "mine");
    const late = await anonymous.uploadToSignedUrl(own("c.txt"), once.data?.token ?? "", "late");
    expect(refusalOf(late)).toEqual(duplicate);
    expect(await textOf((await papers().download(own("c.txt"))).data)).toBe("mine");
  });

  test("takes no other file, and no other token", async () => {
    const { data } = await papers().createSignedUploadUrl(own("d.txt"));
    const anonymous = publicClient().storage.from("papers");
    const other = await anonymous.uploadToSignedUrl(own("e.txt"), data?.token ?? "", "x");
    expect(other.error?.message).toBe("Invalid signature");
    const none = await anonymous.uploadToSignedUrl(own("d.txt"), ada.token, "x");
    expect(none.error).not.toBeNull();
    const read = await ask(`object/sign/papers/${own("d.txt")}?token=${data?.token}`);
    expect(read.status).toBe(400);
  });
});
