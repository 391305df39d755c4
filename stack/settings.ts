import type { z } from "zod";

/** A variable with a value that cannot be taken; the message names it. */
export class SettingProblem extends Error {
  override name = "SettingProblem";
}

/** Reads variables as `schema` has them; empty ones count as absent. Throws `SettingProblem`. */
export const readSettings = <T>(schema: z.ZodType<T>, environment: NodeJS.ProcessEnv): T => {
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new SettingProblem(`${issue?.path[0]?.toString()}: ${issue?.message}`);
};
