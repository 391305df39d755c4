import { restError } from "./rest-error.ts";
import type { Routine } from "./schema/catalog.ts";
import { nearest } from "./schema/nearest.ts";
import type { Schema } from "./schema/schema-cache.ts";

interface Wanted {
  schema: string;
  name: string;
  /** Names of the arguments that the caller gives. */
  keys: readonly string[];
  /** Types that a lone unnamed argument may have to take the whole body. */
  wholeTypes: readonly string[];
}

/**
 * The overload that takes the given arguments; throws `RestError` when there is none or several.
 * https://docs.postgrest.org/en/v14/references/api/functions.html
 */
export const findRoutine = (
  schema: Schema,
  wanted: Wanted,
): { routine: Routine; isWhole: boolean } => {
  const overloads = schema.routines(wanted.schema, wanted.name);
  const named = overloads.filter((routine) => takes(routine, wanted.keys));
  const [first, ...others] = named;
  if (first && others.length === 0) return { routine: first, isWhole: false };
  if (first) throw ambiguous(named);
  const whole = overloads.find((routine) => takesWhole(routine, wanted.wholeTypes));
  if (whole) return { routine: whole, isWhole: true };
  throw notFound(schema, wanted);
};

const takes = (routine: Routine, keys: readonly string[]): boolean =>
  routine.arguments.every(({ name, is_required, is_variadic }) =>
    is_required && !is_variadic ? name !== "" && keys.includes(name) : true,
  ) && keys.every((key) => routine.arguments.some(({ name }) => name === key));

const takesWhole = (routine: Routine, types: readonly string[]): boolean => {
  const [only, ...others] = routine.arguments;
  return only?.name === "" && others.length === 0 && types.includes(only.type);
};

const notFound = (schema: Schema, { schema: space, name, keys, wholeTypes }: Wanted) => {
  const called = `${space}.${name}`;
  const given =
    keys.length > 0
      ? ` with parameter${keys.length > 1 ? "s" : ""} ${keys.join(", ")}`
      : " without parameters";
  const whole = wholeTypes.length > 0 ? " or with a single unnamed json/jsonb parameter" : "";
  const [overload] = schema.routines(space, name);
  const suggestion = overload ? signature(overload) : nearestName(schema, space, name);
  return restError(
    404,
    "PGRST202",
    `Could not find the function ${called}${keys.length > 0 ? `(${keys.join(", ")})` : " without parameters"} in the schema cache`,
    `Searched for the function ${called}${given}${whole}, but no matches were found in the schema cache.`,
    suggestion === undefined ? null : `Perhaps you meant to call the function ${suggestion}`,
  );
};

const nearestName = (schema: Schema, space: string, name: string): string | undefined => {
  const names = schema.routinesIn(space).map((routine) => routine.name);
  const found = nearest(name, names);
  return found === undefined ? undefined : `${space}.${found}`;
};

const signature = ({ schema, name, arguments: given }: Routine) =>
  given.length > 0
    ? `${schema}.${name}(${given.map((one) => one.name).join(", ")})`
    : `${schema}.${name}`;

const ambiguous = (routines: readonly Routine[]) =>
  restError(
    300,
    "PGRST203",
    `Could not choose the best candidate function between: ${routines.map(typed).join(", ")}`,
    null,
    "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
  );

const typed = ({ schema, name, arguments: given }: Routine) =>
  `${schema}.${name}(${given.map((one) => `${one.name} => ${one.type}`).join(", ")})`;
