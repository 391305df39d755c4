import { basename } from "node:path";
import { z } from "zod";
import { ImportResult } from "../types/index.ts";
import {
  type ColumnPlan,
  explicitTargets,
  type Field,
  fieldKinds,
  isField,
  planColumns,
  requireColumns,
  type Target,
} from "./import/columns.ts";
import { errorFile, type RowError } from "./import/error-file.ts";
import { importProducts } from "./import/import-products.ts";
import type { PriceUnit } from "./import/money.ts";
import { productRow } from "./import/product-row.ts";
import {
  adminCredentials,
  assignments,
  oneOf,
  onlyFile,
  parseCommand,
  projectOptions,
  projectTarget,
  projectUsage,
  RunProblem,
  runTool,
  UsageProblem,
  wholeNumber,
} from "./support/command-line.ts";
import { grouped, perSecond, rounded } from "./support/figures.ts";
import { type InputFormat, openInput } from "./support/input.ts";
import { startProgress } from "./support/progress.ts";
import { ApiFailure, connect, dataOf, signIn } from "./support/project.ts";
import { readRecords } from "./support/records.ts";

const usage = `Usage: npm run import -- FILE [options]

Reads products from CSV with a header, or NDJSON, plain or gzip ("-": standard input), and creates or
updates them by sku. A second run of the same file changes nothing.

  --map FIELD=COLUMN   columns by name, e.g. --map sku=code,title=name; common headers are known
                       Fields: ${Object.keys(fieldKinds)
                         .join(", ")
                         .replace(/(.{60,72}, )/g, `$1\n${" ".repeat(31)}`)}
                       and options.NAME, specifications.NAME, dimensions.NAME
  --default F=VALUE    for absent or empty cells, e.g. --default stock=100
  --price-unit UNIT    minor (pence) or major (pounds); default: minor for columns named *_pence,
                       *_cents, *_minor and for NDJSON, else major
  --currency CODE      of rows that name none; default: the shop's
  --batch N            rows in one call, at most 1000; default 500
  --errors FILE        where rows that fail are listed (.csv or .ndjson); default FILE.errors.csv here
  --allow-errors N     succeed with up to N failed rows; default 0
  --format F           csv or ndjson, if the name does not say it
  --delimiter C        default: the one the header uses
  --encoding NAME      default utf-8; e.g. windows-1252
  --email, --password  the admin or seller to import as; here: the demo shop's admin${projectUsage}
`;

const options = {
  ...projectOptions,
  map: { type: "string", multiple: true },
  default: { type: "string", multiple: true },
  "price-unit": { type: "string" },
  currency: { type: "string" },
  batch: { type: "string" },
  errors: { type: "string" },
  "allow-errors": { type: "string" },
  format: { type: "string" },
  delimiter: { type: "string" },
  encoding: { type: "string" },
} as const;

const Currencies = z.array(z.object({ code: z.string(), exponent: z.int() }));
const Settings = z.object({ currency: z.string() });

const main = async (): Promise<boolean> => {
  const { values, positionals } = parseCommand(process.argv.slice(2), options, usage);
  if (values.help) {
    console.log(usage);
    return true;
  }
  const path = onlyFile(positionals, usage);
  const target = projectTarget(values);
  const credentials = adminCredentials(values, target);
  const batch = wholeNumber("batch", values.batch, 500, { max: 1000 });
  const allowed = wholeNumber("allow-errors", values["allow-errors"], 0, { min: 0 });
  const explicit = explicitTargets(assignments("map", values.map));
  const defaults = fieldDefaults(assignments("default", values.default));

  const format = values.format
    ? oneOf<InputFormat>("format", values.format, ["csv", "ndjson"], "csv")
    : undefined;
  const input = await openInput(path, { encoding: values.encoding, format });
  const { columns, records } = await readRecords(input, { delimiter: values.delimiter });
  const usualUnit = input.format === "ndjson" ? "minor" : "major";
  const unit = oneOf<PriceUnit>("price-unit", values["price-unit"], ["minor", "major"], usualUnit);
  const unitOf = (column: Target) => (values["price-unit"] ? unit : (column.unit ?? unit));
  // NDJSON rows name their own columns, so the plan is made, and kept, per set of names.
  const plans = new Map<string, ColumnPlan>();
  const planFor = (names: readonly string[]): ColumnPlan => {
    const key = names.join("\0");
    const known = plans.get(key);
    if (known) return known;
    const plan = planColumns(names, explicit);
    if (plans.size < 1000) plans.set(key, plan);
    return plan;
  };
  if (columns) {
    const plan = planFor(columns);
    requireColumns(path, columns, plan, explicit, (field) => defaults.has(field));
    console.error(described(plan, unitOf));
  }

  const client = connect(target.url, target.key);
  await signIn(client, target, credentials);
  const shop = Settings.parse(
    dataOf(await client.from("shop_settings").select("currency").single()),
  );
  const exponents = new Map(
    Currencies.parse(dataOf(await client.from("currencies").select("code, exponent"))).map(
      ({ code, exponent }) => [code.trim(), exponent],
    ),
  );
  const currency = values.currency?.toUpperCase() ?? shop.currency.trim();
  if (!exponents.has(currency)) throw new UsageProblem(`--currency "${currency}" is not known.`);

  const errorsPath = values.errors ?? `${basename(path === "-" ? "import" : path)}.errors.csv`;
  const errors = errorFile(errorsPath);
  const examples: RowError[] = [];
  const progress = startProgress({ label: "Importing", total: input.size });
  const began = performance.now();
  try {
    const counts = await importProducts(
      records,
      {
        batch,
        convert: (row) =>
          productRow(row, planFor(columns ?? Object.keys(row)), {
            defaults,
            unitOf,
            currency,
            exponentOf: (code) => exponents.get(code),
          }),
      },
      {
        send: async (rows) =>
          ImportResult.parse(dataOf(await client.rpc("import_products", { rows }))),
        report: async (error) => {
          if (examples.length < 10) examples.push(error);
          await errors.write(error);
        },
        progress: ({ rows }) =>
          progress.update(
            input.position(),
            `${grouped(rows)} rows, ${rounded(perSecond(rows, began))} rows/s`,
          ),
      },
    );
    progress.stop();
    const seconds = (performance.now() - began) / 1000;
    const summary = {
      rows: counts.rows,
      created: counts.created,
      updated: counts.updated,
      unchanged: counts.unchanged,
      errors: counts.failed,
      seconds: Number(seconds.toFixed(2)),
      rowsPerSecond: Math.round(counts.rows / Math.max(seconds, 0.001)),
      peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    };
    for (const error of examples) console.error(sentence(path, error));
    if (counts.failed > 0) console.error(`All rows that failed are listed in ${errorsPath}.`);
    console.log(values.json ? JSON.stringify(summary) : summaryText(summary));
    return counts.failed <= allowed;
  } catch (error) {
    progress.stop();
    if (!(error instanceof ApiFailure)) throw error;
    throw new RunProblem(
      `The import broke off: ${error.message} (${error.code}). What was done stays; run the same ` +
        "command again to go on.",
      { cause: error },
    );
  } finally {
    await errors.close();
  }
};

const fieldDefaults = (pairs: ReadonlyMap<string, string>): Map<Field, string> => {
  const defaults = new Map<Field, string>();
  for (const [name, value] of pairs) {
    if (!isField(name)) throw new UsageProblem(`--default: "${name}" is no field of a product.`);
    defaults.set(name, value);
  }
  return defaults;
};

const described = (plan: ColumnPlan, unitOf: (column: Target) => PriceUnit): string => {
  const pairs = [...plan.targets].map(([column, target]) => {
    const isMoney = fieldKinds[target.field] === "money";
    const name = target.key === undefined ? target.field : `${target.field}.${target.key}`;
    return `${name} ← ${column}${isMoney ? ` (${unitOf(target)} units)` : ""}`;
  });
  const rest = plan.ignored.length > 0 ? `\nIgnored columns: ${plan.ignored.join(", ")}` : "";
  return `${pairs.join(", ")}${rest}`;
};

const sentence = (path: string, { line, sku, field, message }: RowError): string => {
  const subject = [sku, field].filter(Boolean).join(" ");
  return `${path}, line ${line}${subject ? ` (${subject})` : ""}: ${message}`;
};

const summaryText = (summary: {
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  errors: number;
  seconds: number;
  rowsPerSecond: number;
}): string =>
  `${grouped(summary.rows)} rows in ${summary.seconds} s (${grouped(summary.rowsPerSecond)} rows/s): ` +
  `${grouped(summary.created)} created, ${grouped(summary.updated)} updated, ` +
  `${grouped(summary.unchanged)} unchanged, ${grouped(summary.errors)} failed`;

runTool(main);
