import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

type Variables = Record<string, string>;

/** Names that belong to the platform, as the CLI refuses them in secrets. */
const isReserved = (name: string) => name.startsWith("SUPABASE_");

/** What `supabase/functions/.env` holds, reserved names included; nothing when there is no file. */
export const readSecretFile = (root: string): Variables => {
  const secrets: Variables = {};
  for (const [name, value] of Object.entries(parseEnv(readText(join(root, ".env"))))) {
    if (value !== undefined) secrets[name] = value;
  }
  return secrets;
};

export const withoutReserved = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !isReserved(name)));

/** What the CLI says of names that it leaves out; nothing when there are none. */
export const refusedNames = (variables: Variables): string[] =>
  Object.keys(variables)
    .filter(isReserved)
    .map((name) => `Env name cannot start with SUPABASE_, skipping: ${name}`);

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
};
