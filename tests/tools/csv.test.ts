import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CsvEntry, csvLine, guessDelimiter, readCsv } from "../../tools/support/csv.ts";
import { longestLine, readLines } from "../../tools/support/lines.ts";

/** Reads text or bytes in pieces of `size`, so that every cut between pieces is tried. */
const read = async (content: string | Uint8Array, size = 7): Promise<CsvEntry[]> => {
  const bytes = Buffer.from(content);
  const pieces = (async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  })();
  const entries: CsvEntry[] = [];
  for await (const entry of readCsv(readLines(pieces))) entries.push(entry);
  return entries;
};

const cell = fc.string({
  unit: fc.constantFrom("a", '"', ",", "\n", "é", " ", "😀"),
  maxLength: 6,
});

describe("reading CSV", () => {
  it("gives back every table that was written, wherever the bytes are cut", async () => {
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 40 }), async (rows, size) => {
        // A blank line is no record, in any reader.
        const written = rows.map((row) => ["x", ...row]);
        const text = written.map(csvLine).join("");
        const entries = await read(text, size);
        expect(entries.map((entry) => "fields" in entry && entry.fields)).toEqual(written);
        expect(parse(text, { relax_column_count: true })).toEqual(written);
      }),
      { numRuns: 150 },
    );
  });

  it("counts lines as an editor does, quoted line ends included", async () => {
    expect(await read('a,b\r\n1,"two\r\nlines"\r\n\r\n3,4\r\n')).toEqual([
      { line: 1, fields: ["a", "b"] },
      { line: 2, fields: ["1", "two\nlines"] },
      { line: 5, fields: ["3", "4"] },
    ]);
  });

  it("keeps line ends of Windows in quotes where they are not the file's own", async () => {
    expect(await read('a,b\n1,"two\r\nlines\n"\n3,4\n')).toEqual([
      { line: 1, fields: ["a", "b"] },
      { line: 2, fields: ["1", "two\r\nlines\n"] },
      { line: 5, fields: ["3", "4"] },
    ]);
  });

  it("loses only the record with a stray quote, not the rows behind it", async () => {
    expect(await read('a,b\n1,bad"quote\n2,"x"y\n3,4\n')).toEqual([
      { line: 1, fields: ["a", "b"] },
      { line: 2, problem: "field 2 has a stray quote" },
      { line: 3, problem: "field 2 goes on after its closing quote" },
      { line: 4, fields: ["3", "4"] },
    ]);
  });

  it("goes on after a quote that is never closed", async () => {
    expect(await read('a,b\n1,"open\n2,ok\n3,"fine"\n4,ok\n')).toEqual([
      { line: 1, fields: ["a", "b"] },
      { line: 2, problem: "a quote is opened and not closed as it should be" },
      { line: 3, fields: ["2", "ok"] },
      { line: 4, fields: ["3", "fine"] },
      { line: 5, fields: ["4", "ok"] },
    ]);
  });

  it("names the line with bytes that are not UTF-8 and reads the others", async () => {
    const bytes = Buffer.concat([
      Buffer.from("\uFEFFsku,title\nA,"),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\nB,"café\n'),
      Buffer.from([0xe9]),
      Buffer.from('"\nC,tea\n'),
    ]);
    expect(await read(bytes)).toEqual([
      { line: 1, fields: ["sku", "title"] },
      { line: 2, problem: "the line holds bytes that are not UTF-8" },
      { line: 3, problem: "a quote is opened and not closed as it should be" },
      { line: 4, problem: "the line holds bytes that are not UTF-8" },
      { line: 5, fields: ["C", "tea"] },
    ]);
  });

  it("passes over a line that is too long to be one", async () => {
    const [, long, after] = await read(`a\n${"x".repeat(longestLine + 1)}\nb\n`, 65_536);
    expect(long).toEqual({ line: 2, problem: `the line is longer than ${longestLine} bytes` });
    expect(after).toEqual({ line: 3, fields: ["b"] });
  });

  it.each([
    ["sku,title;x,price", ","],
    ["sku;title;price", ";"],
    ["sku\ttitle\tprice", "\t"],
    ['"a,b,c"|d|e', "|"],
    ["sku", ","],
  ])("sees what separates the columns of %j", (header, delimiter) => {
    expect(guessDelimiter(header)).toBe(delimiter);
  });
});
