import { z } from "zod";
import type { Command } from "./commands/command.ts";
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
export interface Preferences extends z.infer<typeof Known> {}

export const parsePreferences = (header: string | null): Preferences => {
  const preferences: Preferences = {};
  if (!header) return preferences;
  const unknown: string[] = [];
  for (const given of header.split(",").map((part) => part.trim())) {
    if (given === "" || given === "tx=commit" || given === "tx=rollback") continue;
    const [name = "", value] = given.split("=");
    const known = Known.safeParse({ [name]: value });
    // The first of several counts.
    if (known.success) Object.assign(preferences, { ...known.data, ...preferences });
    else unknown.push(given);
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

/** In the order in which `Preference-Applied` names them. */
const ordered = [
  "resolution",
  "missing",
  "return",
  "count",
  "handling",
  "timezone",
  "max-affected",
] as const;

/** The preferences that `Preference-Applied` repeats: those that mean something to the command. */
export const appliedPreferences = (
  preferences: Preferences,
  kind: Command["kind"] | "put",
): string =>
  ordered
    .filter((name) => preferences[name] !== undefined && isMeant(name, preferences, kind))
    .map((name) => `${name}=${preferences[name]}`)
    .join(", ");

const isMeant = (
  name: (typeof ordered)[number],
  { handling }: Preferences,
  kind: Command["kind"] | "put",
): boolean => {
  switch (name) {
    case "resolution":
      return kind === "insert" || kind === "upsert";
    case "missing":
      return kind === "insert" || kind === "upsert" || kind === "update";
    case "return":
      return kind !== "read" && kind !== "call";
    case "max-affected":
      return handling === "strict" && ["update", "delete", "call"].includes(kind);
    default:
      return true;
  }
};
