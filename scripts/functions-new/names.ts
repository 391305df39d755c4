import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";

export interface FunctionNames {
  /** As in its address: `gift-cards`. */
  kebab: string;
  /** As in types: `GiftCards`. */
  pascal: string;
}

export const namesOf = (name: string): FunctionNames => ({
  kebab: name,
  pascal: name
    .split("-")
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join(""),
});

const longest = 48;

/** Why a function cannot have this name, in one sentence; undefined when it can. */
export const objection = async (project: string, name: string): Promise<string | undefined> => {
  if (name === "") return "Name the function: npm run functions:new NAME";
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    return `"${name}" is no name for a function; use lower-case words joined by hyphens, such as gift-cards.`;
  }
  if (name.length > longest) {
    return `"${name}" is too long; a function's name has at most ${longest} characters.`;
  }
  const taken = placesOf(name).find((path) => existsSync(join(project, path)));
  if (taken) return `The name "${name}" is taken: ${taken} exists.`;
  if (await hasBlock(project, name)) {
    return `The name "${name}" is taken: supabase/config.toml has a block [functions.${name}].`;
  }
  const contract = await contractOf(project, namesOf(name).pascal);
  return contract && `The name "${name}" is taken: ${contract} has a contract of that name.`;
};

/** What must not be there yet. */
const placesOf = (name: string): string[] => [
  `supabase/functions/${name}`,
  `supabase/functions/_shared/${name}`,
  `supabase/functions/_shared/contracts/${name}.ts`,
  `tests/functions/${name}.test.ts`,
];

const Blocks = z.looseObject({ functions: z.record(z.string(), z.unknown()).default({}) });

const hasBlock = async (project: string, name: string): Promise<boolean> => {
  const text = await readFile(join(project, "supabase/config.toml"), "utf8");
  return Object.hasOwn(Blocks.parse(parse(text)).functions, name);
};

/** The file of the contracts that has schemas of this name already. */
const contractOf = async (project: string, pascal: string): Promise<string | undefined> => {
  const folder = "supabase/functions/_shared/contracts";
  for (const file of await readdir(join(project, folder))) {
    const text = await readFile(join(project, folder, file), "utf8");
    if (new RegExp(`export const ${pascal}(Input|Answer)\\b`).test(text))
      return `${folder}/${file}`;
  }
  return undefined;
};
