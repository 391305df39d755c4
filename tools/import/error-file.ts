import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { csvLine } from "../support/csv.ts";

export interface RowError {
  /** Line in the file, counted from 1. */
  line: number;
  /** The row's sku, where it has one. */
  sku: string | null;
  field: string | null;
  message: string;
}

export interface ErrorFile {
  write(error: RowError): Promise<void>;
  close(): Promise<void>;
}

/** Collects row errors as CSV, or NDJSON by the name's ending; the file appears with the first. */
export const errorFile = (path: string): ErrorFile => {
  const isJson = /\.(ndjson|jsonl)$/i.test(path);
  let stream: WriteStream | undefined;
  const open = async (): Promise<WriteStream> => {
    const created = createWriteStream(path);
    await once(created, "open");
    if (!isJson) created.write(csvLine(["line", "sku", "field", "message"]));
    return created;
  };
  return {
    write: async (error) => {
      stream ??= await open();
      const { line, sku, field, message } = error;
      const text = isJson
        ? `${JSON.stringify({ line, sku, field, message })}\n`
        : csvLine([line, sku, field, message]);
      if (!stream.write(text)) await once(stream, "drain");
    },
    close: async () => {
      if (!stream) return;
      stream.end();
      await once(stream, "finish");
    },
  };
};
