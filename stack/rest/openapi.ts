import type { Column, Routine, Table } from "./schema/catalog.ts";
import type { Schema } from "./schema/schema-cache.ts";

/**
 * The description of an exposed schema in Swagger 2.0, as PostgREST gives it at the root: every
 * table and view with its columns, every function with its arguments.
 * https://docs.postgrest.org/en/v14/references/api/openapi.html
 */
export const openApi = (schema: Schema, name: string, url: string): object => {
  const tables = schema.tablesIn(name);
  const routines = schema.routinesIn(name);
  const address = new URL(url);
  return {
    swagger: "2.0",
    info: { title: `${name} schema`, description: "", version: "14" },
    host: address.host,
    basePath: "/rest/v1/",
    schemes: [address.protocol.slice(0, -1)],
    consumes: ["application/json", "text/csv"],
    produces: ["application/json", "application/vnd.pgrst.object+json", "text/csv"],
    paths: Object.fromEntries([
      ...tables.map((table) => [`/${table.name}`, tablePaths(table)]),
      ...routines.map((routine) => [`/rpc/${routine.name}`, routinePaths(routine)]),
    ]),
    definitions: Object.fromEntries(tables.map((table) => [table.name, definition(table)])),
  };
};

const definition = (table: Table) => ({
  type: "object",
  ...described(table.comment),
  required: table.columns.filter(({ is_nullable }) => !is_nullable).map(({ name }) => name),
  properties: Object.fromEntries(
    table.columns.map((column) => [column.name, property(column, table)]),
  ),
});

const property = ({ type, name, default_value, labels, comment }: Column, table: Table) => {
  const key = table.primary_key.includes(name) ? "This is a Primary Key.<pk/>" : undefined;
  const notes = [comment, key && `Note:\n${key}`].filter((note) => note).join("\n\n");
  return {
    ...jsonType(type),
    ...described(notes === "" ? null : notes),
    ...(default_value !== null && { default: default_value }),
    ...(labels && { enum: labels }),
  };
};

const described = (comment: string | null) => (comment === null ? {} : { description: comment });

const jsonType = (type: string): { type?: string; format: string; items?: object } => {
  if (type.endsWith("[]")) {
    return { type: "array", format: type, items: jsonType(type.slice(0, -2)) };
  }
  if (/^(smallint|integer|bigint)$/.test(type)) return { type: "integer", format: type };
  if (/^(numeric|real|double)/.test(type)) return { type: "number", format: type };
  if (type === "boolean") return { type: "boolean", format: type };
  return /^jsonb?$/.test(type) ? { format: type } : { type: "string", format: type };
};

const tablePaths = (table: Table) => {
  const filters = table.columns.map(({ name, type }) => ({
    name,
    in: "query",
    required: false,
    type: "string",
    format: type,
  }));
  const body = {
    name: table.name,
    in: "body",
    required: false,
    schema: { $ref: `#/definitions/${table.name}` },
  };
  const query = (...names: string[]) =>
    names.map((name) => ({ name, in: "query", required: false, type: "string" }));
  const about = { tags: [table.name], ...described(table.comment) };
  const rows = { type: "array", items: { $ref: `#/definitions/${table.name}` } };
  return {
    get: {
      ...about,
      parameters: [...filters, ...query("select", "order", "offset", "limit")],
      responses: { 200: { description: "OK", schema: rows } },
    },
    post: {
      ...about,
      parameters: [body, ...query("select", "columns", "on_conflict")],
      responses: { 201: { description: "Created" } },
    },
    patch: {
      ...about,
      parameters: [...filters, body, ...query("select")],
      responses: { 204: { description: "No Content" } },
    },
    delete: {
      ...about,
      parameters: [...filters, ...query("select")],
      responses: { 204: { description: "No Content" } },
    },
  };
};

const routinePaths = (routine: Routine) => {
  const { arguments: given, comment, name, is_volatile } = routine;
  const about = { tags: [`(rpc) ${name}`], ...described(comment) };
  const responses = { 200: { description: "OK" } };
  const required = given.filter(({ is_required }) => is_required).map((one) => one.name);
  const properties = Object.fromEntries(given.map((one) => [one.name, jsonType(one.type)]));
  const post = {
    ...about,
    parameters: [
      {
        name: "args",
        in: "body",
        required: true,
        schema: { type: "object", required, properties },
      },
    ],
    responses,
  };
  if (is_volatile) return { post };
  const parameters = given.map((one) => ({
    name: one.name,
    in: "query",
    required: one.is_required,
    ...jsonType(one.type),
  }));
  return { get: { ...about, parameters, responses }, post };
};
