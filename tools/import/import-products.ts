import type { ImportResult } from "../../types/index.ts";
import { ApiFailure, retrying } from "../support/project.ts";
import type { FileRecord } from "../support/records.ts";
import type { RowError } from "./error-file.ts";
import type { FieldError, ProductRow } from "./product-row.ts";

export interface ImportPorts {
  /** Calls `import_products`; throws ApiFailure. */
  send(rows: readonly ProductRow[]): Promise<ImportResult>;
  report(error: RowError): Promise<void>;
  /** After every batch, with the counts so far. */
  progress(counts: Readonly<ImportCounts>): void;
}

/** Rows of the file; `rows` = created + updated + unchanged + failed. */
export interface ImportCounts {
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
}

export interface ImportOptions {
  /** Most rows in one call. */
  batch: number;
  convert(
    values: Extract<FileRecord, { values: unknown }>["values"],
  ): { row: ProductRow } | { errors: FieldError[] };
}

interface Numbered {
  line: number;
  row: ProductRow;
}

/** About half a megabyte of JSON: rows with long descriptions go in smaller batches. */
const largestBatchLength = 512 * 1024;

/**
 * Sends the rows in batches, each one transaction. At most two batches are in memory: one on its
 * way and one being read, so a file of any size needs the same memory.
 */
export const importProducts = async (
  records: AsyncIterable<FileRecord>,
  options: ImportOptions,
  ports: ImportPorts,
): Promise<ImportCounts> => {
  const counts: ImportCounts = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0 };

  const fail = async (line: number, sku: unknown, errors: readonly FieldError[]) => {
    counts.failed += 1;
    for (const { field, message } of errors) {
      await ports.report({ line, sku: typeof sku === "string" ? sku : null, field, message });
    }
  };

  const send = async (batch: readonly Numbered[]): Promise<void> => {
    const [only] = batch;
    if (!only) return;
    try {
      const answer = await retrying(() => ports.send(batch.map(({ row }) => row)));
      counts.created += answer.created;
      counts.updated += answer.updated;
      counts.unchanged += answer.unchanged;
      for (const [row, errors] of byRow(answer.errors)) {
        const failed = batch[row];
        if (!failed) throw new ApiFailure(500, "unexpected_answer", `There is no row ${row}.`);
        await fail(failed.line, failed.row.sku, errors);
      }
    } catch (error) {
      if (!(error instanceof ApiFailure) || !isAboutRows(error)) throw error;
      if (batch.length === 1) {
        await fail(only.line, only.row.sku, [{ field: null, message: error.message }]);
        return;
      }
      // Refused as a whole: halves find the row that it is about, and let the others in.
      const middle = Math.ceil(batch.length / 2);
      await send(batch.slice(0, middle));
      await send(batch.slice(middle));
    }
  };

  const sendAndTell = async (batch: readonly Numbered[]) => {
    await send(batch);
    ports.progress(counts);
  };

  let underWay: Promise<void> = Promise.resolve();
  let batch: Numbered[] = [];
  let length = 0;
  const flush = async () => {
    const full = batch;
    batch = [];
    length = 0;
    await underWay;
    underWay = sendAndTell(full);
    // Awaited at the next flush; until then a failure must not count as unhandled.
    underWay.catch(() => undefined);
  };

  for await (const record of records) {
    counts.rows += 1;
    if ("problem" in record) {
      await fail(record.line, null, [{ field: null, message: record.problem }]);
      continue;
    }
    const converted = options.convert(record.values);
    if ("errors" in converted) {
      await fail(record.line, record.values.sku, converted.errors);
      continue;
    }
    batch.push({ line: record.line, row: converted.row });
    length += JSON.stringify(converted.row).length;
    if (batch.length >= options.batch || length >= largestBatchLength) await flush();
  }
  await flush();
  await underWay;
  return counts;
};

/** Client errors that a single row may have caused, unlike a missing right or a lost session. */
const isAboutRows = (failure: ApiFailure) => [400, 409, 413, 422].includes(failure.status);

const byRow = (errors: ImportResult["errors"]): Map<number, ImportResult["errors"]> => {
  const rows = new Map<number, ImportResult["errors"]>();
  for (const error of errors) rows.set(error.row, [...(rows.get(error.row) ?? []), error]);
  return rows;
};
