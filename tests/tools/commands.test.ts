import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { admin, password, service, unique } from "../support/actors.ts";
import { type Ended, runProject } from "../support/program.ts";

let folder: string;
let email: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supamarket-tools-"));
  email = (await admin()).email;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

/** Runs a tool as its npm script does, in the test's folder. */
const run = (tool: string, ...args: string[]): Promise<Ended> => {
  const { url, publishableKey, secretKey, sandboxUrl } = inject("project");
  const env = {
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEY: publishableKey,
    SUPABASE_SECRET_KEY: secretKey,
    SANDBOX_URL: sandboxUrl,
  };
  return runProject(`tools/${tool}`, args, { cwd: folder, env });
};

const importing = (path: string, ...args: string[]) =>
  run("import.ts", path, "--email", email, "--password", password, "--json", ...args);

const Counts = z.object({
  rows: z.int(),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  errors: z.int(),
});
const countsIn = ({ stdout }: Ended) => Counts.parse(JSON.parse(stdout));

const catalogue = (prefix: string, count: number): string =>
  ["sku,name,category,price_pence"]
    .concat(
      Array.from({ length: count }, (_, n) => `${prefix}-${n},"MUG, NO. ${n}",Mugs,${100 + n}`),
    )
    .join("\n");

describe("npm run import", () => {
  it("creates a catalogue, and changes nothing the second time", async () => {
    const prefix = unique("import").toUpperCase();
    const path = await put("catalogue.csv.gz", gzipSync(catalogue(prefix, 30)));
    const first = await importing(path, "--default", "stock=7", "--batch", "8");
    expect(first.stderr).toContain("price ← price_pence (minor units)");
    expect(countsIn(first)).toEqual({ rows: 30, created: 30, updated: 0, unchanged: 0, errors: 0 });
    expect(first.code).toBe(0);

    const second = await importing(path, "--default", "stock=7");
    expect(countsIn(second)).toEqual({
      rows: 30,
      created: 0,
      updated: 0,
      unchanged: 30,
      errors: 0,
    });

    const { data } = await service()
      .client.from("product_variants")
      .select(
        "products!product_variants_product_id_fkey(title), variant_prices(amount), variant_stock(available)",
      )
      .eq("sku", `${prefix}-5`)
      .single();
    expect(data).toMatchObject({
      products: { title: "MUG, NO. 5" },
      variant_prices: [{ amount: 105 }],
      variant_stock: { available: 7 },
    });
  });

  it("imports the good rows of a damaged file and lists the others with line and field", async () => {
    const sku = unique("damaged").toUpperCase();
    const path = await put(
      "damaged.csv",
      Buffer.concat([
        Buffer.from(`sku;title;price\n${sku}-1;Cup;1,50\n${sku}-2;Cup\n${sku}-3;"Cup;2\n`),
        Buffer.from([0x41, 0xff, 0x3b, 0x42, 0x3b, 0x31, 0x0a]),
        Buffer.from(`${sku}-5;Cup;free\n${sku}-6;Saucer;2\n${sku}-6;Saucer;3\n`),
      ]),
    );
    const ended = await importing(path);
    expect(ended.code).toBe(1);
    expect(countsIn(ended)).toMatchObject({ rows: 7, created: 2, errors: 5 });
    expect(ended.stderr).toContain(`damaged.csv, line 3: 2 columns, but the header has 3`);
    const listed = await readFile(join(folder, "damaged.csv.errors.csv"), "utf8");
    const lines = listed.trim().split("\n");
    expect(lines[0]).toBe("line,sku,field,message");
    expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(["3", "4", "5", "6", "8"]);
    expect(listed).toContain(`6,${sku}-5,price,"""free"" is not an amount"`);

    const allowed = await importing(path, "--allow-errors", "5", "--errors", "list.ndjson");
    expect(allowed.code).toBe(0);
    expect(countsIn(allowed)).toMatchObject({ unchanged: 2, errors: 5 });
    expect(existsSync(join(folder, "list.ndjson"))).toBe(true);
  });

  it("reads NDJSON with amounts in minor units and variants of one product", async () => {
    const sku = unique("ndjson").toUpperCase();
    const rows = ["S", "M"].map((size) =>
      JSON.stringify({
        sku: `${sku}-${size}`,
        parent_sku: sku,
        title: "Shirt",
        price: 1999,
        options: { Size: size },
      }),
    );
    const path = await put("shirts.ndjson", `${rows.join("\n")}\n{broken\n[1]\n`);
    const ended = await importing(path);
    expect(countsIn(ended)).toMatchObject({ rows: 4, created: 2, errors: 2 });
    expect(ended.stderr).toContain("line 3: the line is not valid JSON");
    expect(ended.stderr).toContain("line 4: the line is not a JSON object");
    const { data } = await service().client.from("products").select("id").eq("sku", sku);
    expect(data).toHaveLength(1);
  });

  it.each([
    ["empty.csv", "", "empty.csv is empty."],
    ["blank.csv", "\n\n", "blank.csv is empty."],
    ["headless.csv", "10002,GLOBE,85\n", "line 1 is no header with a column for sku"],
    ["quote.csv", 'sku,"title\nA,B\n', "line 1: a quote is opened and not closed"],
    ["twice.csv", "sku,sku,price\n", 'the column "sku" stands there twice'],
    ["cut.csv.gz", gzipSync("sku,title,price\n").subarray(0, 20), "is a damaged gzip file"],
    ["wide.csv", Buffer.from("\uFEFFsku,title", "utf16le"), "is UTF-16; save it as UTF-8"],
  ])("refuses %s with one sentence and exit code 2", async (name, content, sentence) => {
    const path = await put(name, content);
    const { code, stderr, stdout } = await importing(path);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at ");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("says what is wrong with its arguments", async () => {
    expect((await run("import.ts")).stderr).toContain("Name the file to read.");
    expect((await run("import.ts", "nowhere.csv")).stderr).toContain(
      "There is no file nowhere.csv",
    );
    const wrong = await run("import.ts", "x.csv", "--batch", "5000");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("from 1 to 1000") });
  });

  it("breaks off with a sentence when the account may not import", async () => {
    const path = await put("small.csv", catalogue(unique("no").toUpperCase(), 2));
    const wrong = await run("import.ts", path, "--email", email, "--password", "not the password");
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(`Cannot sign in to`);
    const nobody = await run("import.ts", path, "--url", "http://127.0.0.1:9");
    expect(nobody.stderr).toContain("Nothing answers at http://127.0.0.1:9");
  });
});

const Summary = z.object({
  requestsPerOrder: z.number(),
  ledger: z.object({
    orders: z.int(),
    placed: z.int(),
    earlier: z.int(),
    refused: z.record(z.string(), z.int()),
    failed: z.record(z.string(), z.int()),
    stored: z.int(),
    lost: z.int(),
    doubled: z.int(),
    differing: z.int(),
    pieces: z.object({ file: z.int(), stored: z.int() }),
    cards: z.object({ placed: z.int(), paid: z.int() }),
    isBalanced: z.boolean(),
  }),
});
const summaryIn = ({ stdout }: Ended) => Summary.parse(JSON.parse(stdout));

describe("npm run replay", () => {
  it("places every order of a file once, pays the cards, and balances its books", async () => {
    const sku = unique("replay").toUpperCase();
    expect(
      (await importing(await put("stock.csv", `${catalogue(sku, 8)}`), "--default", "stock=50"))
        .code,
    ).toBe(0);
    const lines = ["order_id,customer_id,sku,quantity,country"];
    const countries = ["United Kingdom", "EIRE", "USA", "Unspecified", "Japan", "Channel Islands"];
    for (let order = 0; order < 12; order += 1) {
      const customer = order % 3 === 0 ? "" : `C${order % 4}`;
      const start = `${order},${customer}`;
      const end = countries[order % countries.length];
      for (let line = 0; line <= order % 8; line += 1)
        lines.push(`${start},${sku}-${line},1,${end}`);
      lines.push(`${start},${sku}-0,1,${end}`);
    }
    lines.push(`12,,${sku}-0,51,France`, `13,,NO-SUCH-SKU,1,France`, `14,,${sku}-0,1,Atlantis`);
    const path = await put("orders.csv", lines.join("\n"));
    const name = unique("run");

    const first = await run("replay.ts", path, "--run", name, "--json", "--concurrency", "4");
    const summary = summaryIn(first);
    expect(summary.ledger).toMatchObject({
      orders: 15,
      placed: 12,
      refused: { out_of_stock: 1, unknown_sku: 1, unknown_country: 1 },
      failed: {},
      stored: 12,
      lost: 0,
      doubled: 0,
      differing: 0,
      isBalanced: true,
    });
    expect(summary.ledger.pieces.stored).toBe(lines.length - 4);
    expect(summary.ledger.cards.placed).toBeGreaterThan(0);
    expect(summary.ledger.cards.paid).toBe(summary.ledger.cards.placed);
    expect(first.code).toBe(0);

    const again = summaryIn(await run("replay.ts", path, "--run", name, "--json"));
    expect(again.ledger).toMatchObject({ placed: 0, earlier: 12, stored: 12, isBalanced: true });
  }, 120_000);
});
