import type { RestRequest } from "../request.ts";
import { restError } from "../rest-error.ts";
import type { Table } from "../schema/catalog.ts";
import { nearest } from "../schema/nearest.ts";
import type { Schema } from "../schema/schema-cache.ts";
import { callCommand } from "./call.ts";
import type { Command } from "./command.ts";
import { readCommand } from "./read.ts";
import { deleteCommand, insertCommand, putCommand, updateCommand } from "./write.ts";

/** Holds a request against the schema; throws `RestError` where they do not fit. */
export const commandFor = (request: RestRequest, schema: Schema, maxRows: number): Command => {
  const { target, method } = request;
  if (target.kind === "routine") return callCommand(request, target.name, schema, maxRows);
  const table = tableNamed(schema, request.schema, target.name);
  switch (method) {
    case "GET":
    case "HEAD":
      return readCommand(request, table, schema, maxRows);
    case "POST":
      return insertCommand(request, table, schema);
    case "PUT":
      return putCommand(request, table, schema);
    case "PATCH":
      return updateCommand(request, table, schema);
    case "DELETE":
      return deleteCommand(request, table, schema);
  }
};

/** Throws `RestError` when there is none of that name. */
export const tableNamed = (schema: Schema, space: string, name: string): Table => {
  const table = schema.table(space, name);
  if (table) return table;
  const names = schema.tablesIn(space).map((one) => one.name);
  const suggestion = nearest(name, names, 0.75);
  throw restError(
    404,
    "PGRST205",
    `Could not find the table '${space}.${name}' in the schema cache`,
    null,
    suggestion === undefined ? null : `Perhaps you meant the table '${space}.${suggestion}'`,
  );
};
