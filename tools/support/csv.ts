import type { Line } from "./lines.ts";

/** One record, or why the text at this line is none. `line` is where the record starts. */
export type CsvEntry = { line: number; fields: string[] } | { line: number; problem: string };

/** A quoted field may span this many lines; after that its quote counts as never closed. */
const longestRecordLines = 1000;
const longestRecordLength = 1024 * 1024;

/**
 * Reads RFC 4180 records. A broken record costs only itself: reading goes on at the line after the
 * one where it began, so a stray quote cannot swallow the rows behind it. Line ends in quotes are kept,
 * unless the header ends in `\r\n` too: then they are the file's, and read as `\n`.
 */
export async function* readCsv(
  lines: AsyncIterable<Line>,
  givenDelimiter?: string,
): AsyncGenerator<CsvEntry> {
  let delimiter = givenDelimiter;
  const open: OpenRecord = { lines: [], text: "" };
  let keepsCrlf: boolean | undefined;

  function* feed(next: Line): Generator<CsvEntry> {
    const waiting = [next];
    for (let line = waiting.shift(); line; line = waiting.shift()) {
      const { number, text, problem } = line;
      if (text === undefined) {
        if (open.lines.length > 0) {
          yield neverClosed(open);
          waiting.unshift(...reread(open), line);
        } else {
          yield { line: number, problem: problem ?? "the line cannot be read" };
        }
        continue;
      }
      delimiter ??= guessDelimiter(text);
      keepsCrlf ??= !line.isCrlf;
      const isCrlf = keepsCrlf && line.isCrlf === true;
      const entry = advance(open, { number, text, isCrlf }, delimiter);
      if (entry === "never closed") {
        yield neverClosed(open);
        waiting.unshift(...reread(open));
      } else if (typeof entry === "object") {
        yield entry;
      }
    }
  }

  for await (const line of lines) yield* feed(line);
  while (open.lines.length > 0) {
    yield neverClosed(open);
    for (const line of reread(open)) yield* feed(line);
  }
}

interface OpenRecord {
  /** Lines of a record whose quoted field has not ended yet. */
  lines: QuotedLine[];
  text: string;
}

interface QuotedLine {
  number: number;
  text: string;
  /** Whether its end is `\r\n` and content, should it stand in quotes. */
  isCrlf: boolean;
}

const advance = (
  open: OpenRecord,
  added: QuotedLine,
  delimiter: string,
): CsvEntry | "more" | "never closed" | "blank" => {
  const { number, text } = added;
  const last = open.lines.at(-1);
  const isFirst = last === undefined;
  if (isFirst && text.trim() === "") return "blank";
  open.lines.push(added);
  open.text = isFirst ? text : `${open.text}${last.isCrlf ? "\r\n" : "\n"}${text}`;
  // A line without a quote cannot end a quoted field; looking again would cost quadratic time.
  const parsed = isFirst || text.includes('"') ? parseRecord(open.text, delimiter) : "open";
  if (parsed === "open") {
    const isTooMuch =
      open.lines.length >= longestRecordLines || open.text.length > longestRecordLength;
    return isTooMuch ? "never closed" : "more";
  }
  const line = open.lines[0]?.number ?? number;
  if ("problem" in parsed && !isFirst) return "never closed";
  open.lines = [];
  return { line, ...parsed };
};

const neverClosed = (open: OpenRecord): CsvEntry => ({
  line: open.lines[0]?.number ?? 0,
  problem: "a quote is opened and not closed as it should be",
});

/** The lines after the first one, to be read as records of their own. */
const reread = (open: OpenRecord): QuotedLine[] => {
  const lines = open.lines.slice(1);
  open.lines = [];
  return lines;
};

/** Splits one record; "open" when a quoted field does not end in `text`. */
export const parseRecord = (
  text: string,
  delimiter: string,
): { fields: string[] } | { problem: string } | "open" => {
  if (!text.includes('"')) return { fields: text.split(delimiter) };
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at);
      const field = end < 0 ? text.slice(at) : text.slice(at, end);
      if (field.includes('"')) return { problem: `field ${fields.length + 1} has a stray quote` };
      fields.push(field);
      if (end < 0) return { fields };
      at = end + delimiter.length;
      continue;
    }
    let field = "";
    let from = at + 1;
    for (;;) {
      const quote = text.indexOf('"', from);
      if (quote < 0) return "open";
      field += text.slice(from, quote);
      from = quote + 1;
      if (text[from] !== '"') break;
      field += '"';
      from += 1;
    }
    fields.push(field);
    if (from === text.length) return { fields };
    if (!text.startsWith(delimiter, from)) {
      return { problem: `field ${fields.length} goes on after its closing quote` };
    }
    at = from + delimiter.length;
  }
};

/** The separator that the header uses most: comma, semicolon, tab or bar. */
export const guessDelimiter = (header: string): string => {
  const bare = header.replace(/"[^"]*"/g, "");
  const counted = [",", ";", "\t", "|"].map((mark) => ({ mark, count: bare.split(mark).length }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).mark;
};

/** Fields as one CSV line. */
export const csvLine = (fields: readonly (string | number | null)[]): string =>
  `${fields.map((field) => quoted(field === null ? "" : String(field))).join(",")}\n`;

const quoted = (field: string): string =>
  /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
