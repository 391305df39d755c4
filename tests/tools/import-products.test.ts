import { describe, expect, it } from "vitest";
import type { RowError } from "../../tools/import/error-file.ts";
import { importProducts } from "../../tools/import/import-products.ts";
import type { ProductRow } from "../../tools/import/product-row.ts";
import { ApiFailure } from "../../tools/support/project.ts";
import type { FileRecord } from "../../tools/support/records.ts";

const rows = async function* (count: number, taken: { count: number } = { count: 0 }) {
  for (let number = 0; number < count; number += 1) {
    taken.count += 1;
    const record: FileRecord = { line: number + 2, values: { sku: `S${number}` } };
    yield record;
  }
};

const run = async (
  records: AsyncIterable<FileRecord>,
  send: (skus: unknown[]) => Promise<{ row: number; field: string; message: string }[]>,
) => {
  const reported: RowError[] = [];
  const counts = await importProducts(
    records,
    { batch: 10, convert: (values) => ({ row: { sku: values.sku } }) },
    {
      send: async (batch: readonly ProductRow[]) => {
        const errors = await send(batch.map(({ sku }) => sku));
        const failed = new Set(errors.map(({ row }) => row)).size;
        const named = errors.map((error) => ({ ...error, sku: String(batch[error.row]?.sku) }));
        return { created: batch.length - failed, updated: 0, unchanged: 0, errors: named };
      },
      report: async (error) => {
        reported.push(error);
      },
      progress: () => undefined,
    },
  );
  return { counts, reported };
};

describe("importing rows", () => {
  it("sends full batches and the rest, in the order of the file", async () => {
    const sizes: number[] = [];
    const { counts } = await run(rows(25), async (skus) => {
      sizes.push(skus.length);
      return [];
    });
    expect(sizes).toEqual([10, 10, 5]);
    expect(counts).toEqual({ rows: 25, created: 25, updated: 0, unchanged: 0, failed: 0 });
  });

  it("does not read ahead of the shop by more than a batch", async () => {
    const taken = { count: 0 };
    let ahead = 0;
    let done = 0;
    await run(rows(1000, taken), async (skus) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      done += skus.length;
      ahead = Math.max(ahead, taken.count - done);
      return [];
    });
    expect(ahead).toBeLessThanOrEqual(20);
  });

  it("names the line of a row that the shop refuses", async () => {
    const { counts, reported } = await run(rows(12), async (skus) =>
      skus[0] === "S10" ? [{ row: 1, field: "price", message: "too low" }] : [],
    );
    expect(reported).toEqual([{ line: 13, sku: "S11", field: "price", message: "too low" }]);
    expect(counts).toMatchObject({ created: 11, failed: 1 });
  });

  it("counts a row once, however many fields are wrong", async () => {
    const { counts, reported } = await run(rows(1), async () => [
      { row: 0, field: "price", message: "too low" },
      { row: 0, field: "slug", message: "taken" },
    ]);
    expect(reported).toHaveLength(2);
    expect(counts).toMatchObject({ rows: 1, created: 0, failed: 1 });
  });

  it("finds the one row that makes the shop refuse a whole batch, and imports the others", async () => {
    const { counts, reported } = await run(rows(20), async (skus) => {
      if (skus.includes("S13")) throw new ApiFailure(400, "22P05", "unsupported Unicode");
      return [];
    });
    expect(reported).toEqual([
      { line: 15, sku: "S13", field: null, message: "unsupported Unicode" },
    ]);
    expect(counts).toMatchObject({ rows: 20, created: 19, failed: 1 });
  });

  it("breaks off at once when the caller may not import", async () => {
    const refused = run(rows(100), async () => {
      throw new ApiFailure(403, "forbidden", "Your role does not allow this.");
    });
    await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  });

  it("tries again when the shop is unreachable for a moment", async () => {
    let calls = 0;
    const { counts } = await run(rows(3), async () => {
      calls += 1;
      if (calls === 1) throw new ApiFailure(503, "busy", "Try again.");
      return [];
    });
    expect(calls).toBe(2);
    expect(counts.created).toBe(3);
  });
});
