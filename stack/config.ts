import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { AuthSettings } from "./auth/settings.ts";

const Flag = (standard: boolean) => z.boolean().default(standard);

const FunctionConfig = z.object({
  enabled: Flag(true),
  verify_jwt: Flag(true),
  entrypoint: z.string().optional(),
  import_map: z.string().optional(),
  static_files: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
});

const Bucket = z.object({
  public: Flag(false),
  file_size_limit: z.string().optional(),
  allowed_mime_types: z.array(z.string()).optional(),
  objects_path: z.string().optional(),
});

/**
 * The parts of Supabase's `config.toml` that the local stack acts on, with the CLI's defaults.
 * https://supabase.com/docs/guides/local-development/cli/config
 */
const Config = z.object({
  project_id: z.string().default("supabase"),
  api: z
    .object({
      port: z.int().default(54321),
      schemas: z.array(z.string()).default(["public", "graphql_public"]),
      extra_search_path: z.array(z.string()).default(["public", "extensions"]),
      max_rows: z.int().default(1000),
    })
    .prefault({}),
  db: z
    .object({
      seed: z
        .object({ enabled: Flag(true), sql_paths: z.array(z.string()).default(["./seed.sql"]) })
        .prefault({}),
    })
    .prefault({}),
  auth: AuthSettings.prefault({}),
  storage: z
    .object({
      file_size_limit: z.string().default("50MiB"),
      buckets: z.record(z.string(), Bucket).default({}),
    })
    .prefault({}),
  functions: z.record(z.string(), FunctionConfig).default({}),
  edge_runtime: z.object({ secrets: z.record(z.string(), z.string()).default({}) }).prefault({}),
});

export type StackConfig = z.infer<typeof Config>;

/** A problem in the project's configuration; the message says where and what to do. */
export class ConfigProblem extends Error {
  override name = "ConfigProblem";
}

/** Reads `supabase/config.toml` under `workdir`; `env(NAME)` values come from the environment. */
export const readConfig = async (workdir: string): Promise<StackConfig> => {
  const path = join(workdir, "supabase", "config.toml");
  if (!existsSync(path)) {
    throw new ConfigProblem(
      `${path} does not exist; name the project's folder with --workdir DIR.`,
    );
  }
  let document: unknown;
  try {
    document = parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new ConfigProblem(`${path} is not valid TOML: ${firstLine(error)}`);
  }
  const result = Config.safeParse(withEnvironment(document));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ConfigProblem(`${path}: ${issue?.path.join(".")}: ${issue?.message}`);
};

const firstLine = (error: unknown) =>
  String(error instanceof Error ? error.message : error).split("\n")[0];

const withEnvironment = (value: unknown): unknown => {
  if (typeof value === "string") {
    const [, name] = /^env\((\w+)\)$/.exec(value) ?? [];
    return name ? (process.env[name] ?? "") : value;
  }
  if (Array.isArray(value)) return value.map(withEnvironment);
  if (value && typeof value === "object" && !(value instanceof Date)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, withEnvironment(inner)]),
    );
  }
  return value;
};
