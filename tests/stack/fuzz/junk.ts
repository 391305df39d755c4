import fc from "fast-check";

/** How often everything is tried; `FUZZ_FACTOR=20` for a night's worth. */
export const runs = (standard: number): number =>
  Math.ceil(standard * Number(process.env.FUZZ_FACTOR ?? 1));

const nested = (depth: number, open: string, close: string): unknown =>
  JSON.parse(`${open.repeat(depth)}1${close.repeat(depth)}`);

/** Text that has broken something somewhere. */
export const junkText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "",
    " ",
    "\0",
    "a\u0000b",
    "\ud800",
    "null",
    "NaN",
    "Infinity",
    "-0",
    "1e999",
    "true",
    "{}",
    "{1,2}",
    "[]",
    "'",
    '"',
    "\\",
    "'; drop table products; --",
    "%00",
    "../../etc/passwd",
    "$1",
    "{{7*7}}",
    "\u202eabc",
    "😀".repeat(100),
    "a".repeat(20_000),
    "0001-01-01 BC",
    "infinity",
    "99999-99-99T99:99:99Z",
    "00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-00000000000g",
    "(1,2)",
    "1 year",
    "__proto__",
  ),
);

export const junkNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, -1, 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 63, 1e300, 1e-300, 0.5),
);

/** Any JSON, the deep and the odd included. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  { maxDepth: 2 },
  junkText,
  junkNumber,
  fc.uuid(),
  fc.constantFrom(null, true, false),
  fc.constantFrom(
    nested(1_000, "[", "]"),
    nested(1_000, '{"a":', "}"),
    [],
    {},
    [null],
    [[]],
    { __proto__: 1 },
    { "": "" },
  ),
  fc.array(fc.oneof(junkText, junkNumber, fc.uuid(), fc.constant(null)), { maxLength: 4 }),
  fc.dictionary(junkText, fc.oneof(junkText, junkNumber, fc.constant(null)), { maxKeys: 4 }),
);

const now = fc
  .date({ min: new Date("1900-01-01"), max: new Date("2200-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Values of a PostgreSQL type as a client would write it, so that calls get past the first check. */
export const typedValue = (type: string): fc.Arbitrary<unknown> => {
  if (type.endsWith("[]")) return fc.array(typedValue(type.slice(0, -2)), { maxLength: 3 });
  if (/^(smallint|integer|bigint)/.test(type)) return fc.integer({ min: -10, max: 1_000 });
  if (/^(numeric|real|double)/.test(type)) return fc.double({ noNaN: true, min: -10, max: 1_000 });
  if (type === "boolean") return fc.boolean();
  if (type === "uuid") return fc.uuid();
  if (type === "date") return now.map((instant) => instant.slice(0, 10));
  if (/^time/.test(type)) return now;
  if (/^jsonb?$/.test(type)) return junk;
  return junkText;
};

/** Every place in a document, as the keys that lead there. */
const pathsOf = (value: unknown, path: readonly string[] = []): (readonly string[])[] => {
  if (typeof value !== "object" || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]));
  return [path, ...below];
};

const replaced = (value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown => {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((inner, index) => (String(index) === key ? replaced(inner, rest, by) : inner));
  }
  const fields = Object.entries(value ?? {}).map(([name, inner]) => [
    name,
    name === key ? replaced(inner, rest, by) : inner,
  ]);
  return Object.fromEntries(fields);
};

/** A good document with one place spoilt, which gets further in than junk alone. */
export const spoilt = (sample: unknown): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.constantFrom(...pathsOf(sample)), fc.option(junk, { nil: undefined }))
    .map(([path, value]) => replaced(sample, path, value));
