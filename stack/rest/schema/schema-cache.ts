import type { Database } from "../../database/database.ts";
import { type Catalog, type Routine, readCatalog, type Table } from "./catalog.ts";
import { findRelationships, type Relationship } from "./relationships.ts";

/** What the exposed schemas offer at one moment. */
export interface Schema {
  table(schema: string, name: string): Table | undefined;
  tablesIn(schema: string): Table[];
  byOid(oid: number): Table | undefined;
  routinesIn(schema: string): Routine[];
  /** Overloads of one function. */
  routines(schema: string, name: string): Routine[];
  relationships(table: Table): readonly Relationship[];
}

export interface SchemaCache {
  /** Reads anew after `notify pgrst, 'reload schema'`, which every change of the schema sends. */
  current(): Promise<Schema>;
  stop(): Promise<void>;
}

export const createSchemaCache = async (
  database: Database,
  schemas: string[],
): Promise<SchemaCache> => {
  const read = async () => schemaOf(await readCatalog(database, schemas));
  let schema: Promise<Schema> | undefined;
  const stop = await database.listen("pgrst", (payload) => {
    if (payload !== "" && payload !== "reload schema") return;
    schema = undefined;
    database.forget();
  });
  return {
    current: () => {
      const reading = schema ?? read();
      schema = reading;
      // A failed reading is tried again by the next request.
      reading.catch(() => {
        if (schema === reading) schema = undefined;
      });
      return reading;
    },
    stop,
  };
};

const schemaOf = (catalog: Catalog): Schema => {
  const relationships = findRelationships(catalog);
  const tables = new Map(catalog.tables.map((table) => [`${table.schema}.${table.name}`, table]));
  const byOid = new Map(catalog.tables.map((table) => [table.oid, table]));
  const routines = new Map<string, Routine[]>();
  for (const routine of catalog.routines) {
    const name = `${routine.schema}.${routine.name}`;
    routines.set(name, [...(routines.get(name) ?? []), routine]);
  }
  return {
    table: (schema, name) => tables.get(`${schema}.${name}`),
    tablesIn: (schema) => catalog.tables.filter((table) => table.schema === schema),
    byOid: (oid) => byOid.get(oid),
    routinesIn: (schema) => catalog.routines.filter((routine) => routine.schema === schema),
    routines: (schema, name) => routines.get(`${schema}.${name}`) ?? [],
    relationships: (table) => relationships.get(table) ?? [],
  };
};
