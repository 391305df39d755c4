import { entityTooLarge, noContent } from "./errors.ts";

/** Most bytes of a part's headers, and of a field's value. */
const headerLimit = 16 * 1024;
const fieldLimit = 1024 * 1024;

/** The file of a form, and the fields around it. */
export interface MultipartFile {
  /** Fields before the file; those behind it join once `content` has been read. */
  fields: ReadonlyMap<string, string>;
  contentType: string | null;
  /** Must be read to its end before anything else of the body. */
  content: AsyncGenerator<Uint8Array, void, undefined>;
}

export const boundaryOf = (contentType: string): string | null => {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
};

/** Reads a stream up to marks in it, holding no more than a chunk and a mark. */
class MarkReader {
  #held: Buffer;
  #ended = false;

  /** `start` stands before the stream's first byte. */
  constructor(
    private readonly chunks: AsyncGenerator<Uint8Array>,
    start: string,
  ) {
    this.#held = Buffer.from(start);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.chunks.next();
    if (done) this.#ended = true;
    else this.#held = Buffer.concat([this.#held, value]);
  }

  /** Everything up to the mark, in pieces; the mark itself is skipped. */
  async *until(mark: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at >= 0) {
        if (at > 0) yield this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + mark.length);
        return;
      }
      // The end of what is held may be the beginning of the mark.
      const sure = this.#held.length - mark.length + 1;
      if (sure > 0) {
        yield this.#held.subarray(0, sure);
        this.#held = this.#held.subarray(sure);
      }
      if (this.#ended) throw noContent("Unexpected end of form");
      await this.#more();
    }
  }

  async textUntil(mark: Buffer, limit: number, what: string): Promise<string> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of this.until(mark)) {
      size += part.byteLength;
      if (size > limit) throw entityTooLarge(what);
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts).toString("utf8");
  }

  async take(length: number): Promise<string> {
    while (this.#held.length < length) {
      if (this.#ended) throw noContent("Unexpected end of form");
      await this.#more();
    }
    const taken = this.#held.toString("latin1", 0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

interface PartHead {
  name: string;
  isFile: boolean;
  contentType: string | null;
}

const headOf = (text: string): PartHead => {
  const headers = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const [, name = ""] = /;\s*name="([^"]*)"/i.exec(disposition) ?? [];
  return {
    name,
    isFile: /;\s*filename\*?=/i.test(disposition),
    contentType: headers.get("content-type") ?? null,
  };
};

/**
 * Reads a form up to its first file and hands that on as a stream, so a file of any size passes
 * through in pieces. (`Request.formData` holds the whole body in memory.)
 */
export const readMultipart = async (
  chunks: AsyncGenerator<Uint8Array>,
  boundary: string,
): Promise<MultipartFile> => {
  // The first boundary has no line end of its own before it.
  const reader = new MarkReader(chunks, "\r\n");
  const mark = Buffer.from(`\r\n--${boundary}`);
  const headEnd = Buffer.from("\r\n\r\n");
  const fields = new Map<string, string>();

  /** The next part's head, or null after the last; the reader stands behind a boundary. */
  const nextHead = async (): Promise<PartHead | null> => {
    if ((await reader.take(2)) === "--") return null;
    return headOf(await reader.textUntil(headEnd, headerLimit, "form header"));
  };

  const readField = async ({ name }: PartHead) => {
    fields.set(name, await reader.textUntil(mark, fieldLimit, name || "field"));
  };

  const skip = async () => {
    for await (const _ of reader.until(mark));
  };

  const content = async function* () {
    yield* reader.until(mark);
    for (let head = await nextHead(); head; head = await nextHead()) {
      await (head.isFile ? skip() : readField(head));
    }
  };

  await skip();
  for (let head = await nextHead(); head; head = await nextHead()) {
    if (head.isFile) return { fields, contentType: head.contentType, content: content() };
    await readField(head);
  }
  throw noContent();
};
