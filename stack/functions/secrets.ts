import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

export type Variables = Record<string, string>;

/** Names that belong to the platform, which the CLI does not take from secrets either. */
const isReserved = (name: string) => name.startsWith("SUPABASE_");

export const withoutReserved = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !isReserved(name)));

/**
 * Reads the secrets of the moment: those of `config.toml`, and over them those in
 * `supabase/functions/.env`. Names of the platform are left out, and the log hears of each once.
 */
export const secretReader = (
  root: string,
  fromConfig: Variables,
  log: (message: string) => void,
): (() => Variables) => {
  const told = new Set<string>();
  return () => {
    const secrets = { ...fromConfig, ...readSecretFile(root) };
    for (const name of Object.keys(secrets).filter(isReserved)) {
      if (!told.has(name)) log(`Env name cannot start with SUPABASE_, skipping: ${name}`);
      told.add(name);
    }
    return withoutReserved(secrets);
  };
};

const readSecretFile = (root: string): Variables => {
  const secrets: Variables = {};
  for (const [name, value] of Object.entries(parseEnv(readText(join(root, ".env"))))) {
    if (value !== undefined) secrets[name] = value;
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
