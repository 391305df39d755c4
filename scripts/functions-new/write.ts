import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FunctionNames } from "./names.ts";
import { configBlock, files } from "./templates.ts";

const contracts = "supabase/functions/_shared/contracts/index.ts";
const config = "supabase/config.toml";

/** Writes everything that a new function consists of; the paths of what was written or changed. */
export const writeFunction = async (project: string, names: FunctionNames): Promise<string[]> => {
  const written = Object.entries(files(names));
  for (const [path, text] of written) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text, { flag: "wx" });
  }
  await addContract(join(project, contracts), names.kebab);
  await appendFile(join(project, config), configBlock(names));
  return [...written.map(([path]) => path), contracts, config];
};

/** Its schemas reach clients through the list of all contracts, which is in alphabetical order. */
const addContract = async (path: string, name: string): Promise<void> => {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  await writeFile(path, `${[...lines, `export * from "./${name}.ts";`].sort().join("\n")}\n`);
};
