import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const folders: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["linux-ARCH-glibc", "linux-ARCH-musl"],
  darwin: ["darwin-ARCH"],
  win32: ["win32-ARCH"],
};

/**
 * The Deno executable that npm installed. It is started directly: the package's own command is a
 * Node process that would stand between us and the one we want to end.
 */
export const denoBinary = (): string => {
  const require = createRequire(import.meta.url);
  const packages = dirname(dirname(require.resolve("deno/package.json")));
  const file = process.platform === "win32" ? "deno.exe" : "deno";
  const candidates = (folders[process.platform] ?? []).map((folder) =>
    join(packages, "@deno", folder.replace("ARCH", process.arch), file),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    `There is no Deno for ${process.platform}-${process.arch}; install again without --omit=optional.`,
  );
};
