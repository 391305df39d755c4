import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

/**
 * The secrets in `supabase/functions/.env`, as `supabase start` reads them: names that start with
 * `SUPABASE_` belong to the platform and are left out. No file: no secrets.
 */
export const readFunctionSecrets = (root: string): Record<string, string> => {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readText(join(root, ".env"))))) {
    if (!name.startsWith("SUPABASE_") && value !== undefined) secrets[name] = value;
  }
  return secrets;
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
};
