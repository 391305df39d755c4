import { restError } from "../rest-error.ts";
import type { Table } from "./catalog.ts";
import { nearest } from "./nearest.ts";
import type { KeyRelationship, Relationship } from "./relationships.ts";
import type { Schema } from "./schema-cache.ts";

/**
 * The relationship that `parent?select=target!hint(…)` means. A target is a table's name, a foreign
 * key's name or the column that holds one; a hint names key, column or junction.
 * https://docs.postgrest.org/en/v14/references/api/resource_embedding.html
 */
export const findRelationship = (
  schema: Schema,
  parent: Table,
  target: string,
  hint: string | undefined,
): Relationship => {
  const candidates = schema
    .relationships(parent)
    .filter((candidate) => isMeant(candidate, target, hint));
  // A computed relationship stands in for those that the keys make under its name.
  const computed = candidates.find(({ kind }) => kind === "computed");
  if (computed) return computed;
  const [first, ...others] = candidates;
  if (!first) throw notFound(schema, parent, target, hint);
  if (others.length > 0) throw ambiguous(parent, target, candidates);
  return first;
};

const isMeant = (candidate: Relationship, target: string, hint: string | undefined): boolean => {
  if (candidate.kind === "computed") return candidate.routine.name === target;
  const isTable = candidate.foreign.name === target;
  if (candidate.kind === "many-to-many") {
    const { junction, constraints } = candidate;
    return isTable && (hint === undefined || hint === junction.name || constraints.includes(hint));
  }
  if (candidate.table === candidate.foreign) return isMeantBySelf(candidate, target, hint);
  // Keys and columns lead to tables, not to the views over them.
  const isKey = !candidate.foreign.is_view && candidate.constraint === target;
  if (hint === undefined) {
    return isTable || isKey || (!candidate.foreign.is_view && isKeyColumn(candidate, target));
  }
  return isHinted(candidate, hint) && (isTable || isKey);
};

/**
 * One foreign key of a table to itself is two relationships: as a target, the key or its column is
 * the way up; the table, with or without a hint, is the way down.
 */
const isMeantBySelf = (
  candidate: KeyRelationship,
  target: string,
  hint: string | undefined,
): boolean => {
  if (candidate.isOurs) {
    return candidate.constraint === target || isKeyColumn(candidate, target);
  }
  const isTable = candidate.foreign.name === target;
  return isTable && (hint === undefined || isHinted(candidate, hint));
};

const isKeyColumn = ({ isOurs, columns }: KeyRelationship, name: string) =>
  isOurs && columns.length === 1 && columns[0]?.[0] === name;

/** A hint is the key's name, or a column that the key has at either end. */
const isHinted = ({ constraint, columns }: KeyRelationship, hint: string) =>
  constraint === hint || (columns.length === 1 && (columns[0]?.includes(hint) ?? false));

const notFound = (schema: Schema, parent: Table, target: string, hint: string | undefined) => {
  const names = new Set(schema.relationships(parent).map(({ foreign }) => foreign.name));
  const suggestion = names.has(target) ? undefined : nearest(target, names, 0.33);
  const searched =
    `Searched for a foreign key relationship between '${parent.name}' and '${target}'` +
    `${hint === undefined ? "" : ` using the hint '${hint}'`} in the schema '${parent.schema}', ` +
    "but no matches were found.";
  return restError(
    400,
    "PGRST200",
    `Could not find a relationship between '${parent.name}' and '${target}' in the schema cache`,
    searched,
    suggestion === undefined ? null : `Perhaps you meant '${suggestion}' instead of '${target}'.`,
  );
};

const ambiguous = (parent: Table, target: string, candidates: readonly Relationship[]) => {
  const names = candidates.map((candidate) => `'${candidate.foreign.name}!${hintFor(candidate)}'`);
  return restError(
    300,
    "PGRST201",
    `Could not embed because more than one relationship was found for '${parent.name}' and '${target}'`,
    candidates.map((candidate) => ({
      cardinality: candidate.kind,
      embedding: `${parent.name} with ${candidate.foreign.name}`,
      relationship: describe(candidate),
    })),
    `Try changing '${target}' to one of the following: ${names.join(", ")}. ` +
      "Find the desired relationship in the 'details' key.",
  );
};

const hintFor = (candidate: Relationship): string => {
  if (candidate.kind === "many-to-many") return candidate.junction.name;
  return candidate.kind === "computed" ? candidate.routine.name : candidate.constraint;
};

const describe = (candidate: Relationship): string => {
  if (candidate.kind === "computed") return `${candidate.routine.name}(${candidate.table.name})`;
  const ours = candidate.columns.map(([column]) => column).join(", ");
  if (candidate.kind === "many-to-many") {
    const { junction, constraints, columns, foreignColumns } = candidate;
    const [first, second] = [
      columns.map(([, column]) => column),
      foreignColumns.map(([column]) => column),
    ];
    return (
      `${junction.name} using ${constraints[0]}(${first.join(", ")}) and ` +
      `${constraints[1]}(${second.join(", ")})`
    );
  }
  const theirs = candidate.columns.map(([, column]) => column).join(", ");
  const { constraint, table, foreign } = candidate;
  return `${constraint} using ${table.name}(${ours}) and ${foreign.name}(${theirs})`;
};
