import { tableNamed } from "./commands/command-for.ts";
import { findRoutine } from "./find-routine.ts";
import type { Target } from "./request.ts";
import type { Schema } from "./schema/schema-cache.ts";

/** What OPTIONS answers: the methods that a table, a view, a function or the root has. */
export const allowAnswer = (schema: Schema, space: string, target: Target | undefined): Response =>
  new Response(null, { headers: { allow: methodsOf(schema, space, target).join(",") } });

const methodsOf = (schema: Schema, space: string, target: Target | undefined): string[] => {
  if (!target) return ["OPTIONS", "GET", "HEAD"];
  if (target.kind === "routine") {
    const [overload] = schema.routines(space, target.name);
    const wanted = { schema: space, name: target.name, keys: [], wholeTypes: [] };
    const { is_volatile } = overload ?? findRoutine(schema, wanted).routine;
    return is_volatile ? ["OPTIONS", "POST"] : ["OPTIONS", "GET", "HEAD", "POST"];
  }
  const { takes, primary_key } = tableNamed(schema, space, target.name);
  return [
    ...["OPTIONS", "GET", "HEAD"],
    ...(takes.insert ? ["POST"] : []),
    ...(takes.insert && takes.update && primary_key.length > 0 ? ["PUT"] : []),
    ...(takes.update ? ["PATCH"] : []),
    ...(takes.delete ? ["DELETE"] : []),
  ];
};
