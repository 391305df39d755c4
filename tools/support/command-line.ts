import { type ParseArgsConfig, parseArgs } from "node:util";
import { localKeys } from "../../stack/keys.ts";

/** What the caller typed, or the file given, cannot be used; nothing was done. Exit code 2. */
export class UsageProblem extends Error {
  override name = "UsageProblem";
}

/** The work broke off half-way for a reason that a person must settle. Exit code 1. */
export class RunProblem extends Error {
  override name = "RunProblem";
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options that every tool takes to find the project. */
export const projectOptions = {
  url: { type: "string" },
  key: { type: "string" },
  email: { type: "string" },
  password: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies Options;

export const projectUsage = `
  --url URL            the project's API; default SUPABASE_URL, or http://127.0.0.1:54321
  --key KEY            publishable key; default SUPABASE_PUBLISHABLE_KEY, or the local one
  --json               print the summary as one JSON line`;

/** `parseArgs` with one positional file; throws UsageProblem with the usage text. */
export const parseCommand = <T extends Options>(
  args: readonly string[],
  options: T,
  usage: string,
) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageProblem(`${messageOf(error)}\n\n${usage}`);
  }
};

/** The one positional argument; throws UsageProblem when there is none or more. */
export const onlyFile = (
  positionals: readonly string[],
  usage: string,
  purpose: "read" | "write" = "read",
): string => {
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageProblem(`Name the file to ${purpose}.\n\n${usage}`);
  if (more.length > 0) throw new UsageProblem(`One file at a time; got also ${more.join(", ")}.`);
  return file;
};

/** A whole number option within bounds. */
export const wholeNumber = (
  name: string,
  text: string | undefined,
  fallback: number,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number => {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    const bound = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
    throw new UsageProblem(`--${name} must be a whole number, ${bound}; got "${text}".`);
  }
  return value;
};

/** One of the given words. */
export const oneOf = <T extends string>(
  name: string,
  text: string | undefined,
  words: readonly T[],
  fallback: T,
): T => {
  if (text === undefined) return fallback;
  const word = words.find((candidate) => candidate === text);
  if (word) return word;
  throw new UsageProblem(`--${name} must be ${words.join(" or ")}; got "${text}".`);
};

/** `a=1,b=2`, given once or several times, as a map. */
export const assignments = (
  name: string,
  given: readonly string[] | undefined,
): Map<string, string> => {
  const pairs = new Map<string, string>();
  for (const part of (given ?? []).flatMap((text) => text.split(","))) {
    const at = part.indexOf("=");
    const key = part.slice(0, at).trim();
    if (at < 1 || !key) {
      throw new UsageProblem(`--${name} takes NAME=VALUE, separated by commas; got "${part}".`);
    }
    pairs.set(key, part.slice(at + 1).trim());
  }
  return pairs;
};

export interface ProjectTarget {
  url: string;
  key: string;
  /** Whether the project runs on this machine, where the demo keys and users are public. */
  isLocal: boolean;
}

export const projectTarget = (
  values: { url?: string | undefined; key?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): ProjectTarget => {
  const url = values.url ?? env.SUPABASE_URL ?? "http://127.0.0.1:54321";
  if (!URL.canParse(url)) throw new UsageProblem(`--url must be an address; got "${url}".`);
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
  const key =
    values.key ?? env.SUPABASE_PUBLISHABLE_KEY ?? (isLocal ? localKeys.publishable : undefined);
  if (!key) throw new UsageProblem(`Name the publishable key of ${url} with --key.`);
  return { url: url.replace(/\/+$/, ""), key, isLocal };
};

/** Email and password of the admin; on this machine the demo shop's admin is the default. */
export const adminCredentials = (
  values: { email?: string | undefined; password?: string | undefined },
  target: ProjectTarget,
): { email: string; password: string } => {
  const email = values.email ?? (target.isLocal ? "admin@supamarket.test" : undefined);
  const password =
    values.password ??
    process.env.SUPAMARKET_PASSWORD ??
    (target.isLocal ? "supamarket-admin" : undefined);
  if (!email || !password) {
    throw new UsageProblem(
      `Sign in to ${target.url} with --email, and --password or SUPAMARKET_PASSWORD.`,
    );
  }
  return { email, password };
};

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Runs a tool's main: sentences for what people can settle, exit codes 0, 1 and 2. */
export const runTool = (main: () => Promise<boolean>): void => {
  main().then(
    (succeeded) => {
      process.exitCode = succeeded ? 0 : 1;
    },
    (error: unknown) => {
      const isExplained = error instanceof UsageProblem || error instanceof RunProblem;
      console.error(isExplained ? error.message : error);
      process.exitCode = error instanceof UsageProblem ? 2 : 1;
    },
  );
};
