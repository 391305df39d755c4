import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { staticFolders } from "./permissions.ts";

/** One function's block in `config.toml`; paths are relative to the `supabase` folder. */
export interface FunctionSettings {
  enabled?: boolean | undefined;
  verify_jwt?: boolean | undefined;
  entrypoint?: string | undefined;
  import_map?: string | undefined;
  static_files?: readonly string[] | undefined;
  env?: Record<string, string> | undefined;
}

export interface LocatedFunction {
  name: string;
  verifyJwt: boolean;
  entrypoint: string;
  configFile: string | undefined;
  /** The `supabase/` folder that it belongs to. */
  projectFolder: string;
  /** Folders that it may read, beside its modules. */
  staticFolders: readonly string[];
  /** Variables of this function alone. */
  env: Record<string, string>;
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
  // As the CLI looks for one; what stands in `functions` itself is for functions without their own.
  const found = [
    join(root, name, "deno.json"),
    join(root, name, "deno.jsonc"),
    join(root, name, "import_map.json"),
    join(root, "import_map.json"),
  ].find(existsSync);
  return {
    name,
    verifyJwt: settings.verify_jwt ?? true,
    entrypoint,
    configFile: settings.import_map ? resolve(base, settings.import_map) : found,
    projectFolder: base,
    staticFolders: staticFolders(base, settings.static_files ?? []),
    env: settings.env ?? {},
  };
};

/** The nearest `node_modules` at or above a folder. */
export const nearestModules = (folder: string): string | undefined => {
  const here = join(folder, "node_modules");
  if (existsSync(here)) return here;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestModules(parent);
};
