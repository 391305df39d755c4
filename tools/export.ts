import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { Brand, brandTexts, Category, categoryTexts } from "./export/names.ts";
import { type Note, notes, productRows, type RowsContext } from "./export/product-rows.ts";
import { estimateProducts, readProducts, readTable } from "./export/read-catalogue.ts";
import { header, rowText } from "./export/row-text.ts";
import { scopeOf } from "./export/scope.ts";
import {
  adminCredentials,
  oneOf,
  onlyFile,
  parseCommand,
  projectOptions,
  projectTarget,
  projectUsage,
  RunProblem,
  runTool,
  UsageProblem,
} from "./support/command-line.ts";
import { grouped, perSecond, rounded, Tally } from "./support/figures.ts";
import type { InputFormat } from "./support/input.ts";
import { openOutput } from "./support/output.ts";
import { startProgress } from "./support/progress.ts";
import { ApiFailure, connect, dataOf, signIn } from "./support/project.ts";

const usage = `Usage: npm run export -- FILE [options]

Writes all products with their variants as CSV or NDJSON, gzipped if FILE ends in .gz, one row a
variant, as \`npm run import\` reads them: importing the file again changes nothing. FILE is replaced
when the new one is whole. "-" is standard output: npm run --silent export -- - --format ndjson

  --format F           csv or ndjson, if the name does not say it
  --currency CODE      prices in this currency, where there are some; default: the shop's
  --seller SLUG        products of one seller, or of the shop itself ("shop"); default: all that the
                       account may import or oversee
  --email, --password  the admin, support or seller to read as; here: the demo shop's admin${projectUsage}

Amounts are in minor units; stock is what the default warehouse has. Metadata, SEO texts, featured
flags, scheduled sales and stock of other warehouses have no place in a row.
`;

const options = {
  ...projectOptions,
  format: { type: "string" },
  currency: { type: "string" },
  seller: { type: "string" },
} as const;

const Currencies = z.array(z.object({ code: z.string() }));
const Settings = z.object({ currency: z.string() });
const Warehouses = z.array(z.object({ id: z.string() }));

const main = async (): Promise<boolean> => {
  const { values, positionals } = parseCommand(process.argv.slice(2), options, usage);
  if (values.help) {
    console.log(usage);
    return true;
  }
  const path = onlyFile(positionals, usage, "write");
  const format = formatFor(path, values.format);
  const target = projectTarget(values);
  const credentials = adminCredentials(values, target);
  const output = await openOutput(path);

  const client = connect(target.url, target.key);
  await signIn(client, target, credentials);
  try {
    const { offered, isStaff } = await scopeOf(client, values.seller);
    const noted = new Tally();
    const context = await contextFor(client, values.currency, (what) => {
      // To sellers these are their own.
      if (isStaff || what !== "of_sellers") noted.add(what);
    });
    const counts = { products: 0, rows: 0 };
    const total = await estimateProducts(client, offered);
    const progress = startProgress({ label: "Exporting", total });
    const began = performance.now();
    const lines = async function* () {
      yield header(format);
      for await (const page of readProducts(client, offered)) {
        const rows = page.flatMap((product) => productRows(product, context));
        counts.products += page.length;
        counts.rows += rows.length;
        progress.update(
          counts.products,
          `${grouped(counts.rows)} rows, ${rounded(perSecond(counts.rows, began))} rows/s`,
        );
        yield rows.map((row) => rowText(row, format)).join("");
      }
    };
    try {
      await output.write(lines());
    } finally {
      progress.stop();
    }

    const seconds = (performance.now() - began) / 1000;
    const summary = {
      ...counts,
      notes: noted.toObject(),
      seconds: Number(seconds.toFixed(2)),
      rowsPerSecond: Math.round(counts.rows / Math.max(seconds, 0.001)),
      peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    };
    for (const [what, sentence] of Object.entries(notes)) {
      const count = summary.notes[what];
      if (count) console.error(`${sentence}: ${grouped(count)}`);
    }
    const text = values.json ? JSON.stringify(summary) : summaryText(summary);
    // Standard output is the file's, if it is asked for.
    if (path === "-") console.error(text);
    else console.log(text);
    return true;
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const rest = path === "-" ? "What was written is not all." : `${path} was not written.`;
    throw new RunProblem(`The export broke off: ${error.message} (${error.code}). ${rest}`, {
      cause: error,
    });
  }
};

const formatFor = (path: string, given: string | undefined): InputFormat => {
  if (given !== undefined) return oneOf<InputFormat>("format", given, ["csv", "ndjson"], "csv");
  const [, extension] = /\.(csv|ndjson|jsonl)(?:\.gz)?$/i.exec(path) ?? [];
  if (extension) return extension.toLowerCase() === "csv" ? "csv" : "ndjson";
  throw new UsageProblem(
    `${path === "-" ? "Standard output" : path} has no ending that says its format; add --format ` +
      "csv or --format ndjson.",
  );
};

const contextFor = async (
  client: SupabaseClient,
  givenCurrency: string | undefined,
  note: (what: Note) => void,
): Promise<RowsContext> => {
  const shop = Settings.parse(
    dataOf(await client.from("shop_settings").select("currency").single()),
  );
  const currency = givenCurrency?.toUpperCase() ?? shop.currency;
  const known = Currencies.parse(dataOf(await client.from("currencies").select("code")));
  if (!known.some(({ code }) => code === currency)) {
    throw new UsageProblem(`--currency "${currency}" is not known.`);
  }
  const open = client.from("warehouses").select("id").eq("is_active", true);
  const [warehouse] = Warehouses.parse(dataOf(await open.order("priority").order("code").limit(1)));
  return {
    currency,
    warehouseId: warehouse?.id,
    categories: categoryTexts(
      await readTable(client, "categories", Category, "id, parent_id, name, slug"),
    ),
    brands: brandTexts(await readTable(client, "brands", Brand, "id, name, slug")),
    note,
  };
};

const summaryText = (summary: {
  products: number;
  rows: number;
  seconds: number;
  rowsPerSecond: number;
}): string =>
  `${grouped(summary.rows)} rows of ${grouped(summary.products)} products in ${summary.seconds} s ` +
  `(${grouped(summary.rowsPerSecond)} rows/s)`;

runTool(main);
