import { expect, test } from "vitest";
import { parseRange } from "../../../stack/storage/range.ts";
import { parseSize } from "../../../stack/storage/settings.ts";
import {
  parseTransformationText,
  transformationHeader,
  transformationText,
} from "../../../stack/storage/transformation.ts";

test.each([
  ["bytes=0-0", { start: 0, end: 0 }],
  ["BYTES=2-", { start: 2, end: 9 }],
  ["bytes=-4", { start: 6, end: 9 }],
  ["bytes=-99", { start: 0, end: 9 }],
  ["bytes=5-99", { start: 5, end: 9 }],
  [null, null],
])("of ten bytes, %s asks for the right ones", (header, expected) => {
  expect(parseRange(header, 10)).toEqual(expected);
});

test.each([
  "bytes=10-",
  "bytes=-0",
  "bytes=5-2",
  "bytes=-",
  "bytes=0-1,3-4",
  "bytes=a-b",
  "items=0-1",
  "bytes=0-99999999999999999999",
])("of ten bytes, %s asks for none", (header) => {
  expect(() => parseRange(header, 10)).toThrow("invalid range provided");
});

test("of no bytes there is no range", () => {
  expect(() => parseRange("bytes=0-", 0)).toThrow("invalid range provided");
  expect(() => parseRange("bytes=-1", 0)).toThrow("invalid range provided");
});

test("sizes are read as config.toml writes them", () => {
  expect(["50MiB", "500KB", "1gib", "10", "1.5 MB"].map(parseSize)).toEqual([
    52_428_800, 500_000, 1_073_741_824, 10, 1_500_000,
  ]);
  expect(() => parseSize("much")).toThrow(/"much" is not a size/);
});

test("a transformation is signed as it will be carried out", () => {
  const transformation = { width: 99_999, height: 10, quality: 40 };
  const text = transformationText(transformation);
  expect(text).toBe("height:10,width:2500,resize:cover,quality:40");
  expect(transformationText(parseTransformationText(text))).toBe(text);
  expect(transformationText({})).toBe("");
  expect(transformationHeader({ width: 10, resize: "contain", format: "origin" })).toBe(
    "width:10,resizing_type:fit",
  );
});
