import { isUtf8 } from "node:buffer";

export interface Line {
  /** Counted from 1. */
  number: number;
  /** Without the line end; absent when the line cannot be used. */
  text?: string;
  /** Whether the line ended in `\r\n`. */
  isCrlf?: boolean;
  /** Why there is no text. */
  problem?: string;
}

/** One line may hold this many bytes; longer ones are skipped, so that memory stays flat. */
export const longestLine = 1024 * 1024;

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Cuts bytes into lines at `\n` or `\r\n`, decoding each on its own so that damage stays local. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;

  const keep = (part: Buffer) => {
    length += part.length;
    if (length <= longestLine) parts.push(part);
    else parts = [];
  };
  const take = (): Line => {
    number += 1;
    const line = length > longestLine ? tooLong(number) : decoded(number, joined(parts));
    parts = [];
    length = 0;
    return line;
  };

  for await (const piece of source) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

const joined = (parts: readonly Buffer[]): Buffer => {
  const [only] = parts;
  return parts.length === 1 && only ? only : Buffer.concat(parts);
};

const tooLong = (number: number): Line => ({
  number,
  problem: `the line is longer than ${longestLine} bytes`,
});

const decoded = (number: number, bytes: Buffer): Line => {
  if (!isUtf8(bytes)) return { number, problem: "the line holds bytes that are not UTF-8" };
  const isCrlf = bytes.at(-1) === carriageReturn;
  const text = bytes.toString("utf8", 0, isCrlf ? bytes.length - 1 : bytes.length);
  return { number, text: number === 1 ? text.replace(/^\uFEFF/, "") : text, isCrlf };
};
