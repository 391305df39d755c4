import { invalidRange } from "./errors.ts";

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * What a Range header asks of so many bytes: null for all of them. Throws for what is no single
 * range or asks for nothing that is there, where HTTP would have some of them ignored.
 */
export const parseRange = (header: string | null, size: number): ByteRange | null => {
  if (header === null) return null;
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/i.exec(header) ?? [];
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Number(last);
  const isRange = (first !== "" || last !== "") && Number.isSafeInteger(end);
  if (!isRange || start >= size || end < start) throw invalidRange();
  return { start, end: Math.min(end, size - 1) };
};
