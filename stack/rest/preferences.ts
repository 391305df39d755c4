import { z } from "zod";
import { restError } from "./rest-error.ts";

const isTimeZone = (name: string): boolean => {
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};

/** https://docs.postgrest.org/en/v14/references/api/preferences.html */
const Known = z
  .strictObject({
    return: z.enum(["representation", "minimal", "headers-only"]),
    count: z.enum(["exact", "planned", "estimated"]),
    resolution: z.enum(["merge-duplicates", "ignore-duplicates"]),
    missing: z.enum(["default", "null"]),
    handling: z.enum(["strict", "lenient"]),
    timezone: z.string().refine(isTimeZone),
    "max-affected": z.coerce.number().int().nonnegative(),
  })
  .partial();

/** What the `Prefer` header asks for. */
export interface Preferences extends z.infer<typeof Known> {
  /** What was understood, as `Preference-Applied` repeats it. */
  applied: string[];
}

export const parsePreferences = (header: string | null): Preferences => {
  const preferences: Preferences = { applied: [] };
  if (!header) return preferences;
  const unknown: string[] = [];
  for (const given of header.split(",").map((part) => part.trim())) {
    if (given === "") continue;
    const [name = "", value] = given.split("=");
    const known = Known.safeParse({ [name]: value });
    if (known.success) {
      Object.assign(preferences, known.data);
      preferences.applied.push(given);
    } else {
      unknown.push(given);
    }
  }
  if (preferences.handling === "strict" && unknown.length > 0) {
    throw restError(
      400,
      "PGRST122",
      "Invalid preferences given with handling=strict",
      `Invalid preferences: ${unknown.join(", ")}`,
    );
  }
  return preferences;
};
