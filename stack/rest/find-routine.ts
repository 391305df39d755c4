import { restError } from "./rest-error.ts";
import type { Routine } from "./schema/catalog.ts";
import { nearest } from "./schema/nearest.ts";
import type { Schema } from "./schema/schema-cache.ts";

interface Wanted {
  schema: string;
  name: string;
  /** Names of the arguments that the caller gives; absent where the body is no set of arguments. */
  keys?: readonly string[];
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
  const { keys } = wanted;
  const overloads = schema.routines(wanted.schema, wanted.name);
  const named = keys ? overloads.filter((routine) => takes(routine, keys)) : [];
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
  const refusal = (given: string, searched: string, suggestion?: string) =>
    restError(
      404,
      "PGRST202",
      `Could not find the function ${called}${given} in the schema cache`,
      `Searched for the function ${called}${searched}, but no matches were found in the schema cache.`,
      suggestion === undefined ? null : `Perhaps you meant to call the function ${suggestion}`,
    );
  if (!keys) return refusal("", ` with a single unnamed ${wholeTypes.join("/")} parameter`);
  const none = " without parameters";
  const list = keys.toSorted().join(", ");
  const whole = wholeTypes.length > 0 ? " or with a single unnamed json/jsonb parameter" : "";
  return refusal(
    list === "" ? none : `(${list})`,
    `${list === "" ? none : ` with parameter${keys.length > 1 ? "s" : ""} ${list}`}${whole}`,
    suggested(schema, space, name, list),
  );
};

/** A function of nearly that name, or its overload with nearly those arguments. */
const suggested = (schema: Schema, space: string, name: string, list: string) => {
  const overloads = schema.routines(space, name);
  const found =
    overloads.length === 0
      ? nearest(name, new Set(schema.routinesIn(space).map((routine) => routine.name)), 0.75)
      : nearest(`(${list})`, overloads.map(listed), 0.33);
  if (found === undefined) return undefined;
  return `${space}.${overloads.length === 0 ? found : `${name}${found}`}`;
};

const listed = ({ arguments: given }: Routine) =>
  `(${given
    .map((one) => one.name)
    .toSorted()
    .join(", ")})`;

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
