import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UsageProblem } from "./command-line.ts";

export type InputFormat = "csv" | "ndjson";

export interface Input {
  /** Shown in messages. */
  name: string;
  format: InputFormat;
  /** The text as UTF-8 bytes, unpacked; may be read once. */
  bytes: AsyncIterable<Uint8Array>;
  /** Size of the file as stored, in bytes; 0 when unknown (standard input). */
  size: number;
  /** Bytes of the file read so far. */
  position(): number;
}

export interface InputOptions {
  /** Any label that TextDecoder knows; default UTF-8. */
  encoding?: string | undefined;
  format?: InputFormat | undefined;
}

/** Opens a file (`-`: standard input), unpacking gzip; throws UsageProblem when it cannot be used. */
export const openInput = async (path: string, options: InputOptions = {}): Promise<Input> => {
  const name = path === "-" ? "standard input" : path;
  const size = path === "-" ? 0 : await sizeOf(path);
  let position = 0;
  const counted = (async function* () {
    for await (const chunk of path === "-" ? process.stdin : createReadStream(path)) {
      position += chunk.length;
      yield chunk;
    }
  })();

  const stored = await peek(counted);
  const isPacked = stored.head[0] === 0x1f && stored.head[1] === 0x8b;
  const unpacked = isPacked ? await peek(gunzip(stored.all, name)) : stored;
  if (unpacked.head.length === 0) throw new UsageProblem(`${name} is empty.`);

  return {
    name,
    format: options.format ?? formatOf(path, unpacked.head),
    bytes: asUtf8(unpacked, name, options.encoding),
    size,
    position: () => position,
  };
};

const sizeOf = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageProblem(`There is no file ${path}.`);
  if (!found.isFile()) throw new UsageProblem(`${path} is not a file.`);
  return found.size;
};

interface Peeked {
  head: Uint8Array;
  all: AsyncIterable<Uint8Array>;
}

const peek = async (source: AsyncIterable<Uint8Array>): Promise<Peeked> => {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done ? new Uint8Array() : first.value;
  const all = (async function* () {
    yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value;
    }
  })();
  return { head, all };
};

async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const unpacking = createGunzip();
  const packed = Readable.from(source).on("error", (error) => unpacking.destroy(error));
  try {
    yield* packed.pipe(unpacking);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new UsageProblem(`${name} is a damaged gzip file: ${error.message}.`, { cause: error });
  }
}

const formatOf = (path: string, head: Uint8Array): InputFormat => {
  const [, extension] = /\.(\w+)(?:\.gz)?$/.exec(path.toLowerCase()) ?? [];
  if (extension === "ndjson" || extension === "jsonl") return "ndjson";
  if (extension === "csv" || extension === "tsv") return "csv";
  return Buffer.from(head).toString("latin1").trimStart().startsWith("{") ? "ndjson" : "csv";
};

const asUtf8 = (
  { head, all }: Peeked,
  name: string,
  encoding: string | undefined,
): AsyncIterable<Uint8Array> => {
  if (encoding && !/^utf-?8$/i.test(encoding)) return recoded(all, name, encoding);
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (isUtf16) {
    const label = head[0] === 0xff ? "utf-16le" : "utf-16be";
    throw new UsageProblem(`${name} is UTF-16; save it as UTF-8, or say --encoding ${label}.`);
  }
  return all;
};

async function* recoded(source: AsyncIterable<Uint8Array>, name: string, encoding: string) {
  const decoder = decoderFor(encoding);
  try {
    for await (const chunk of source) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    yield Buffer.from(decoder.decode());
  } catch (error) {
    if (error instanceof UsageProblem) throw error;
    throw new UsageProblem(`${name} is not ${encoding} text.`, { cause: error });
  }
}

const decoderFor = (encoding: string): TextDecoder => {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new UsageProblem(`--encoding "${encoding}" is not known.`);
  }
};
