import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** One function's block in `config.toml`; paths are relative to the `supabase` folder. */
export interface FunctionSettings {
  enabled?: boolean | undefined;
  verify_jwt?: boolean | undefined;
  entrypoint?: string | undefined;
  import_map?: string | undefined;
}

export interface LocatedFunction {
  name: string;
  verifyJwt: boolean;
  entrypoint: string;
  configFile: string | undefined;
}

/** Finds a function as the CLI does: by its block, else by its folder; undefined if there is none. */
export const locateFunction = (
  root: string,
  name: string,
  settings: FunctionSettings = {},
): LocatedFunction | undefined => {
  // Folders that start with an underscore are shared code.
  if (!/^[A-Za-z0-9][\w-]*$/.test(name) || settings.enabled === false) return undefined;
  const base = dirname(root);
  const entrypoint = settings.entrypoint
    ? resolve(base, settings.entrypoint)
    : join(root, name, "index.ts");
  if (!existsSync(entrypoint)) return undefined;
  const own = ["deno.json", "deno.jsonc"].map((file) => join(root, name, file)).find(existsSync);
  return {
    name,
    verifyJwt: settings.verify_jwt ?? true,
    entrypoint,
    configFile: settings.import_map ? resolve(base, settings.import_map) : own,
  };
};

/** The nearest `node_modules` at or above a folder. */
export const nearestModules = (folder: string): string | undefined => {
  const here = join(folder, "node_modules");
  if (existsSync(here)) return here;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestModules(parent);
};
