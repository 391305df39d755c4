import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundaryOf, readMultipart } from "../../../stack/storage/multipart.ts";

const boundary = "----form-4711";

interface Part {
  name: string;
  value: Buffer;
  file?: { name: string; type?: string };
}

const encode = (parts: readonly Part[]): Buffer =>
  Buffer.concat([
    ...parts.flatMap(({ name, value, file }) => [
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"` +
          (file ? `; filename="${file.name}"\r\nContent-Type: ${file.type ?? "text/plain"}` : "") +
          "\r\n\r\n",
      ),
      value,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);

/** The body as a network hands it over: in pieces cut anywhere. */
const pieces = async function* (body: Buffer, sizes: readonly number[]) {
  let at = 0;
  for (let index = 0; at < body.length; index++) {
    const size = sizes.length > 0 ? (sizes[index % sizes.length] ?? 1) : body.length;
    yield body.subarray(at, at + size);
    at += size;
  }
};

const read = async (body: Buffer, sizes: readonly number[] = []) => {
  const form = await readMultipart(pieces(body, sizes), boundary);
  const before = Object.fromEntries(form.fields);
  const content: Buffer[] = [];
  for await (const chunk of form.content) content.push(Buffer.from(chunk));
  return {
    before,
    fields: Object.fromEntries(form.fields),
    type: form.contentType,
    content: Buffer.concat(content),
  };
};

const aField: Part = { name: "cacheControl", value: Buffer.from("60") };

const aFile = (content: Buffer): Part => ({
  name: "",
  value: content,
  file: { name: "blob", type: "image/png" },
});

test("a file comes out as it went in, wherever the network cuts and whatever it looks like", async () => {
  // Pieces of boundaries and line ends are what a reader may trip over.
  const tricky = fc
    .array(
      fc.oneof(
        fc.constantFrom("\r\n", "\r", "--", `\r\n--${boundary.slice(0, -1)}`, "-", "\n"),
        fc.string(),
      ),
    )
    .map((parts) => Buffer.from(parts.join("")))
    // Senders choose a boundary that their file does not contain.
    .filter((content) => !content.includes(`\r\n--${boundary}`));
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(tricky, sizes, async (content, cuts) => {
      const form = await read(encode([aField, aFile(content)]), cuts);
      expect(form.fields).toEqual({ cacheControl: "60" });
      expect(form.type).toBe("image/png");
      expect(Buffer.compare(form.content, content)).toBe(0);
    }),
  );
});

test("fields behind the file are known once it has been read", async () => {
  const late: Part = { name: "metadata", value: Buffer.from("{}") };
  const form = await read(encode([aField, aFile(Buffer.from("x")), late]), [3]);
  expect(form.before).toEqual({ cacheControl: "60" });
  expect(form.fields).toEqual({ cacheControl: "60", metadata: "{}" });
});

test("the first file counts", async () => {
  const form = await read(encode([aFile(Buffer.from("first")), aFile(Buffer.from("second"))]));
  expect(form.content.toString()).toBe("first");
});

describe("a form is refused", () => {
  test.each([
    ["without a file", encode([aField])],
    ["without anything", Buffer.from("")],
    ["that is none", Buffer.from("hello")],
    ["that ends within a head", encode([aFile(Buffer.from("x"))]).subarray(0, 30)],
  ])("%s", async (_, body) => {
    await expect(read(body)).rejects.toMatchObject({ status: 400 });
  });

  test("that ends within its file", async () => {
    const body = encode([aFile(Buffer.from("content"))]).subarray(0, -20);
    await expect(read(body)).rejects.toMatchObject({ status: 400 });
  });

  test("with a field that is a file's size", async () => {
    const large: Part = { name: "metadata", value: Buffer.alloc(2 * 1024 * 1024) };
    await expect(read(encode([large, aFile(Buffer.from("x"))]))).rejects.toMatchObject({
      status: 413,
    });
  });
});

test("the boundary is read with and without quotes", () => {
  expect(boundaryOf("multipart/form-data; boundary=abc; charset=utf-8")).toBe("abc");
  expect(boundaryOf('multipart/form-data; boundary="a b"')).toBe("a b");
  expect(boundaryOf("multipart/form-data")).toBeNull();
});
