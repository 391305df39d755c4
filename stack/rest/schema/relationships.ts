import type { Catalog, ForeignKey, Table } from "./catalog.ts";
import { viewOrigins } from "./view-columns.ts";

/** Pairs of equal columns: ours first, theirs second. */
export type ColumnPairs = readonly (readonly [string, string])[];

interface Common {
  table: Table;
  foreign: Table;
  /** At most one row on the other side. */
  isToOne: boolean;
}

/** A foreign key, seen from either end. */
export interface KeyRelationship extends Common {
  kind: "many-to-one" | "one-to-many" | "one-to-one";
  constraint: string;
  /** Whether the foreign key's columns are on our side. */
  isOurs: boolean;
  columns: ColumnPairs;
}

/** Two foreign keys of a table whose primary key holds both. */
export interface JunctionRelationship extends Common {
  kind: "many-to-many";
  junction: Table;
  constraints: readonly [string, string];
  columns: ColumnPairs;
  foreignColumns: ColumnPairs;
}

/** A function from a row of ours to rows of theirs. */
export interface ComputedRelationship extends Common {
  kind: "computed";
  routine: { schema: string; name: string };
}

export type Relationship = KeyRelationship | JunctionRelationship | ComputedRelationship;

/** A foreign key between tables or views of the exposed schemas. */
interface Link {
  constraint: string;
  table: Table;
  foreign: Table;
  columns: ColumnPairs;
}

/** Every way from one exposed table or view to another, by the name of the first. */
export const findRelationships = (catalog: Catalog): Map<Table, Relationship[]> => {
  const found = new Map<Table, Relationship[]>();
  const add = (relationship: Relationship) => {
    const known = found.get(relationship.table);
    if (known) known.push(relationship);
    else found.set(relationship.table, [relationship]);
  };
  const links = linksOf(catalog);
  for (const link of links) for (const side of bothSides(link)) add(side);
  for (const junction of junctionsOf(links)) add(junction);
  for (const computed of computedOf(catalog)) add(computed);
  return found;
};

/** A table, or a view over it, with the names that some of the table's columns have there. */
interface Face {
  table: Table;
  nameOf(column: string): string | undefined;
}

const linksOf = ({ tables, views, foreign_keys }: Catalog): Link[] => {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const faces = new Map<number, Face[]>(
    tables.map((table) => [table.oid, [{ table, nameOf: (column: string) => column }]]),
  );
  for (const { oid, rule } of views) {
    const view = byOid.get(oid);
    if (!view) continue;
    for (const [origin, names] of columnsByOrigin(view, rule, byOid)) {
      faces.get(origin)?.push({ table: view, nameOf: (column) => names.get(column) });
    }
  }
  return foreign_keys.flatMap((key) => linksThrough(key, faces));
};

const columnsByOrigin = (
  view: Table,
  rule: string,
  tables: ReadonlyMap<number, Table>,
): Map<number, Map<string, string>> => {
  const origins = new Map<number, Map<string, string>>();
  for (const { position, table, column } of viewOrigins(rule)) {
    const from = columnAt(tables.get(table), column);
    const name = columnAt(view, position);
    if (from === undefined || name === undefined) continue;
    const names = origins.get(table) ?? new Map<string, string>();
    if (!names.has(from)) origins.set(table, names.set(from, name));
  }
  return origins;
};

const columnAt = (table: Table | undefined, position: number) =>
  table?.columns.find((column) => column.position === position)?.name;

const linksThrough = (key: ForeignKey, faces: ReadonlyMap<number, Face[]>): Link[] =>
  (faces.get(key.table) ?? []).flatMap((ours) =>
    (faces.get(key.foreign_table) ?? []).flatMap((theirs) => {
      const columns = key.columns.map((column, index) => [
        ours.nameOf(column),
        theirs.nameOf(key.foreign_columns[index] ?? ""),
      ]);
      const pairs = columns.flatMap(([one, other]) =>
        one === undefined || other === undefined ? [] : [[one, other] as const],
      );
      if (pairs.length < columns.length) return [];
      const { constraint } = key;
      return [{ constraint, table: ours.table, foreign: theirs.table, columns: pairs }];
    }),
  );

const bothSides = ({ constraint, table, foreign, columns }: Link): KeyRelationship[] => {
  const isUnique = table.keys.some(
    (key) => key.length > 0 && key.every((name) => columns.some(([ours]) => ours === name)),
  );
  const reversed = columns.map(([ours, theirs]) => [theirs, ours] as const);
  return [
    {
      kind: isUnique ? "one-to-one" : "many-to-one",
      isOurs: true,
      isToOne: true,
      constraint,
      table,
      foreign,
      columns,
    },
    {
      kind: isUnique ? "one-to-one" : "one-to-many",
      isOurs: false,
      isToOne: isUnique,
      constraint,
      table: foreign,
      foreign: table,
      columns: reversed,
    },
  ];
};

const junctionsOf = (links: readonly Link[]): JunctionRelationship[] => {
  const byTable = new Map<Table, Link[]>();
  for (const link of links) byTable.set(link.table, [...(byTable.get(link.table) ?? []), link]);
  return [...byTable].flatMap(([junction, own]) => {
    const keyed = own.filter(({ columns }) =>
      columns.every(([name]) => junction.primary_key.includes(name)),
    );
    return keyed.flatMap((first) =>
      keyed
        .filter((second) => second.constraint !== first.constraint)
        .map((second) => ({
          kind: "many-to-many" as const,
          isToOne: false,
          table: first.foreign,
          foreign: second.foreign,
          junction,
          constraints: [first.constraint, second.constraint] as const,
          columns: first.columns.map(([ours, theirs]) => [theirs, ours] as const),
          foreignColumns: second.columns,
        })),
    );
  });
};

const computedOf = ({ tables, routines }: Catalog): ComputedRelationship[] => {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  return routines.flatMap((routine) => {
    const table = byOid.get(routine.computed_on ?? 0);
    const foreign = byOid.get(routine.returned_table ?? 0);
    if (!table || !foreign) return [];
    return [{ kind: "computed", table, foreign, routine, isToOne: routine.returns_one }];
  });
};
