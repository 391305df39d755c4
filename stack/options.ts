import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type GatewaySettings, gatewaySettings } from "./gateway/settings.ts";

export interface StackOptions {
  /** The folder that holds `supabase/`, as for the Supabase CLI. */
  workdir: string;
  /** First of a block of ports: API, database, studio, mail, sandbox, pages. */
  port: number;
  /** Keep nothing on disk. */
  memory: boolean;
  /** Delete the kept data first. */
  reset: boolean;
  /** Use this PostgreSQL instead of PGlite. */
  databaseUrl?: string;
  /** Where data is kept between runs. */
  dataDir: string;
  /** Limits, CORS and logging of the API. */
  gateway: GatewaySettings;
}

export interface CommandLine extends StackOptions {
  /** Print one JSON line when ready instead of the human summary. */
  json: boolean;
  help: boolean;
}

export const usage = `Usage: npm start -- [options]

  --port N        first port of the block (API N, database N+1, studio N+2, mail N+3,
                  sandbox N+4, pages N+5); default 54321
  --reset         delete the kept data and start anew
  --memory        keep nothing on disk
  --json          print one JSON line when ready
  --workdir DIR   serve the project whose supabase/ folder stands in DIR

  DATABASE_URL    uses that PostgreSQL (15 to 18, with pgvector and pgmq) instead of PGlite
  SUPAMARKET_…    CORS, rate limits, logs: see docs/local-stack.md
`;

/** An option that cannot be taken; the message says why. */
export class UsageProblem extends Error {
  override name = "UsageProblem";
}

export const parseCommandLine = (
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): CommandLine => {
  const { values } = parse(args);
  const workdir = resolve(values.workdir ?? ".");
  const port = Number(values.port ?? 54321);
  if (!Number.isInteger(port) || port < 1 || port > 65530) {
    throw new UsageProblem(`--port must be a whole number from 1 to 65530, not "${values.port}".`);
  }
  const databaseUrl = environment.DATABASE_URL;
  return {
    workdir,
    port,
    memory: values.memory ?? false,
    reset: values.reset ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
    dataDir: resolve(workdir, ".stack"),
    gateway: gatewaySettings(environment),
    ...(databaseUrl ? { databaseUrl } : {}),
  };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        workdir: { type: "string" },
        port: { type: "string" },
        memory: { type: "boolean" },
        reset: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageProblem(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
};
