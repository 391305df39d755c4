import { CsvError, parse } from "csv-parse/sync";
import type { RestRequest } from "../request.ts";
import { restError } from "../rest-error.ts";

/** A body of rows as JSON, whichever of the accepted forms it has. */
export const payloadJson = ({ body, contentType }: RestRequest): string => {
  switch (contentType) {
    case "application/json":
      return body;
    case "application/x-www-form-urlencoded":
      return formJson(body);
    case "text/csv":
      return csvJson(body);
    default:
      throw unknownContent(contentType);
  }
};

const formJson = (body: string): string =>
  JSON.stringify(Object.fromEntries(new URLSearchParams(body)));

/** The first line names the columns; `NULL` stands for null. */
const csvJson = (body: string): string => {
  try {
    const rows: unknown[] = parse(body, {
      columns: true,
      cast: (value, { quoting, header }) =>
        value === "NULL" && !quoting && !header ? null : value,
    });
    return JSON.stringify(rows);
  } catch (error) {
    const isUneven = error instanceof CsvError && error.code.includes("INCONSISTENT");
    const uneven = "All lines must have same number of fields";
    const message = error instanceof Error ? error.message : String(error);
    throw restError(400, "PGRST102", isUneven ? uneven : message);
  }
};

export const unknownContent = (contentType: string) =>
  restError(400, "PGRST102", `Content-Type not acceptable: ${contentType}`);
