import { existsSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import type { LocatedFunction } from "./locate.ts";

/**
 * What a function may do, as Deno flags: the network and its environment; reading packages and its
 * static files; writing temporary files, but no file of the project, which may stand in a temporary
 * folder itself. No subprocess, no foreign code. Its own modules are loaded before any permission
 * counts.
 */
export const permissionFlags = (
  located: Pick<LocatedFunction, "staticFolders" | "projectFolder">,
  modules: string | undefined,
): string[] => {
  const temporary = [...new Set(["/tmp", tmpdir()].filter(existsSync).flatMap(places))];
  const readable = [...(modules ? places(modules) : []), ...located.staticFolders.flatMap(places)];
  return [
    "--allow-net",
    "--allow-env",
    "--allow-sys",
    "--allow-import",
    `--allow-read=${[...readable, ...temporary].join(",")}`,
    `--allow-write=${temporary.join(",")}`,
    `--deny-write=${places(located.projectFolder).join(",")}`,
  ];
};

/** The folders that hold what `static_files` names: Deno grants folders, not patterns. */
export const staticFolders = (base: string, patterns: readonly string[]): string[] => {
  const folders = patterns.map((pattern) => {
    const [fixed = ""] = pattern.split(/[*?[{]/, 1);
    const path = resolve(base, fixed);
    return fixed === pattern || !fixed.endsWith("/") ? dirname(path) : path;
  });
  return [...new Set(folders)].filter(existsSync);
};

/** A folder as it is named and as it really is, since folders may be linked. */
const places = (folder: string): string[] => [...new Set([folder, realpathSync(folder)])];
