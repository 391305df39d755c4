import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { ImportResult } from "../../types/index.ts";
import { type Actor, customer, password, seller, service, unique } from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { type Ended, runProject } from "../support/program.ts";

let folder: string;
let sol: Actor & { sellerId: string };
let rows: Row[];
let category: string;

type Row = Record<string, unknown>;

const send = async (given: readonly Row[], { client }: Actor): Promise<ImportResult> =>
  ImportResult.parse(
    await ok(client.rpc("import_products", JSON.parse(JSON.stringify({ rows: given })))),
  );

/** Everything that a row can say, and texts that trip over quotes, line ends and lists. */
const troublesome = (prefix: string): Row[] => [
  {
    sku: `${prefix}-1`,
    title: 'Kanne "Grün", 5 l; größer | schöner',
    description: '  =HYPERLINK("http://x","y")\n\nfirst,\r\nsecond\r\n\ttab „Ümlaut“ 😀 \\u0000\n',
    category,
    brand: `${prefix} "Ö & Söhne"`,
    price: 1_295,
    sale_price: 999,
    list_price: 1_500,
    currency: "GBP",
    stock: 7,
    status: "active",
    tags: ["a, b", "c|d", "@SUM(1+1)"],
    features: ["plain", 'with | "bar"'],
    images: ["/a.svg", "https://example.test/b.svg?x=1|2"],
    barcode: "0012345",
    weight_grams: 250,
    specifications: { Material: 'Holz, "geölt"\n', Parts: 3, Nested: { deep: [1, null] } },
    dimensions: { length: 300.5, width: 20 },
    slug: `${prefix.toLowerCase()}-kanne`,
  },
  ...["M", "=1+1", '"quoted", ü'].map((Size, at) => ({
    sku: `${prefix}-2-${at}`,
    parent_sku: `${prefix}-2`,
    title: "-2+3",
    options: { Size, Colour: "Grün" },
    price: 500 + at,
    currency: "GBP",
    stock: at,
    barcode: `00${at}99`,
    weight_grams: 100 + at,
    images: [`/shirt-${at}.svg`],
    ...(at === 0 && {
      tags: ["plain", "words"],
      status: "draft",
      slug: `${prefix.toLowerCase()}-2`,
    }),
  })),
  {
    sku: `${prefix}-3`,
    parent_sku: `${prefix}-3-P`,
    title: "[1]",
    price: 1,
    currency: "JPY",
    tags: ['["x"]', "[y]"],
    status: "archived",
    slug: `${prefix.toLowerCase()}-3`,
  },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supamarket-export-"));
  sol = await seller();
  category = `${unique("Häuser")} > "A", B`;
  const prefix = unique("export").toUpperCase();
  rows = troublesome(prefix);
  // Categories are the shop's to make.
  await send([{ sku: `${prefix}-0`, title: "Any", price: 1, category }], service());
  expect(await send(rows, sol)).toEqual({ created: 5, updated: 0, unchanged: 0, errors: [] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a tool as its npm script does, in the test's folder. */
const run = (tool: string, ...args: string[]): Promise<Ended> => {
  const { url, publishableKey } = inject("project");
  const env = { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY: publishableKey };
  return runProject(`tools/${tool}`, args, { cwd: folder, env });
};

const as = ({ email }: Actor) => ["--email", email, "--password", password, "--json"];

const Exported = z.object({
  products: z.int(),
  rows: z.int(),
  notes: z.record(z.string(), z.int()),
});
const Imported = z.object({
  rows: z.int(),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  errors: z.int(),
});

const read = (name: string) => readFile(join(folder, name));

describe("npm run export", () => {
  it.each(["round.csv", "round.csv.gz", "round.ndjson", "round.jsonl.gz"])(
    "writes %s, which changes nothing when it is imported",
    async (name) => {
      const written = await run("export.ts", name, ...as(sol));
      expect(written).toMatchObject({ code: 0 });
      expect(Exported.parse(JSON.parse(written.stdout))).toEqual({
        products: 3,
        rows: 5,
        notes: {},
      });

      const again = await run("import.ts", name, ...as(sol));
      expect(Imported.parse(JSON.parse(again.stdout)), again.stderr).toEqual({
        rows: 5,
        created: 0,
        updated: 0,
        unchanged: 5,
        errors: 0,
      });
      expect(again.code).toBe(0);
    },
  );

  it("writes NDJSON rows as they were imported", async () => {
    await run("export.ts", "rows.ndjson", ...as(sol));
    const lines = (await read("rows.ndjson")).toString().trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
  });

  it("writes CSV that other programs read, text to the letter", async () => {
    await run("export.ts", "table.csv.gz", ...as(sol));
    const table: unknown = parse(gunzipSync(await read("table.csv.gz")), { columns: true });
    const [first, second, , fourth, fifth] = z.array(z.record(z.string(), z.string())).parse(table);
    expect(first).toMatchObject({
      sku: rows[0]?.sku,
      parent_sku: "",
      title: rows[0]?.title,
      description: rows[0]?.description,
      category,
      price_minor: "1295",
      sale_price_minor: "999",
      currency: "GBP",
      barcode: "0012345",
      images: JSON.stringify(rows[0]?.images),
    });
    expect(second).toMatchObject({ title: "-2+3", tags: "plain|words", stock: "0" });
    expect(JSON.parse(fourth?.options ?? "")).toEqual({ Size: '"quoted", ü', Colour: "Grün" });
    expect(fifth).toMatchObject({ currency: "JPY", price_minor: "1", status: "archived" });
  });

  it("makes the same catalogue of an empty one", async () => {
    await run("export.ts", "moved.ndjson", ...as(sol));
    const text = (await read("moved.ndjson")).toString();
    const prefix = String(rows[0]?.sku).slice(0, -2);
    const moved = unique("moved").toUpperCase();
    const renamed = text
      .replaceAll(prefix, moved)
      .replaceAll(prefix.toLowerCase(), moved.toLowerCase());
    await writeFile(join(folder, "other.ndjson"), renamed);
    const kit = await seller("kit");
    const imported = await run("import.ts", "other.ndjson", ...as(kit));
    expect(JSON.parse(imported.stdout)).toMatchObject({ created: 5, errors: 0 });
    await run("export.ts", "other.again.ndjson", ...as(kit));
    expect((await read("other.again.ndjson")).toString()).toBe(renamed);
  });

  it("goes through pages without losing or doubling a row", async () => {
    const pam = await seller("pam");
    const prefix = unique("page").toUpperCase();
    const many = Array.from({ length: 405 }, (_, n) => ({
      sku: `${prefix}, (${n})`,
      title: `Cup ${n}`,
      price: 100 + n,
    }));
    await send(many, pam);
    const ended = await run("export.ts", "many.ndjson", ...as(pam));
    expect(JSON.parse(ended.stdout)).toMatchObject({ products: 405, rows: 405 });
    const lines = (await read("many.ndjson")).toString().trimEnd().split("\n");
    const skus = lines.map((line) => z.object({ sku: z.string() }).parse(JSON.parse(line)).sku);
    expect(new Set(skus)).toEqual(new Set(many.map(({ sku }) => sku)));
  });

  it("says what a row cannot say", async () => {
    const ida = await seller("ida");
    const sku = unique("note").toUpperCase();
    await send([{ sku, title: "Lamp", price: 900 }], ida);
    const { id } = await ok(
      ida.client.from("product_variants").select("id").eq("sku", sku).single(),
    );
    await ok(
      ida.client.rpc("set_price", {
        variant_id: id,
        amount: 800,
        kind: "sale",
        starts_at: new Date(Date.now() + 3_600_000).toISOString(),
      }),
    );
    await ok(ida.client.rpc("set_price", { variant_id: id, amount: 1_100, currency: "EUR" }));
    const ended = await run("export.ts", "-", "--format", "ndjson", ...as(ida));
    expect(JSON.parse(ended.stdout)).toMatchObject({ sku, price: 900, currency: "GBP" });
    expect(ended.stderr).toContain(
      "Variants whose sale has dates, or is not below the price, and is left out: 1",
    );
    expect(ended.stderr).toContain(
      "Variants with prices in other currencies too (see --currency): 1",
    );
    const euros = await run("export.ts", "-", "--format", "csv", "--currency", "eur", ...as(ida));
    expect(parse(euros.stdout, { columns: true })).toMatchObject([
      { sku, price_minor: "1100", sale_price_minor: "", currency: "EUR" },
    ]);
  });

  it("gives staff one seller's products by name, and strangers nobody's", async () => {
    const { slug } = await ok(
      service().client.from("sellers").select("slug").eq("id", sol.sellerId).single(),
    );
    const kit = await customer("kit");
    const refused = await run("export.ts", "no.csv", ...as(kit));
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("Admins, support and sellers export products");
    await ok(service().client.rpc("grant_role", { user_id: kit.id, role: "support" }));
    const given = await run("export.ts", "one.csv", "--seller", slug, ...as(kit));
    expect(JSON.parse(given.stdout)).toMatchObject({ rows: 5, notes: { of_sellers: 3 } });
    const unknown = await run("export.ts", "no.csv", "--seller", "nobody-at-all", ...as(kit));
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("is no seller") });
    expect(existsSync(join(folder, "no.csv"))).toBe(false);
  });

  it("leaves the file that is there, and no other, when it breaks off", async () => {
    await mkdir(join(folder, "kept"));
    await writeFile(join(folder, "kept", "old.csv"), "old");
    const failed = await run("export.ts", "kept/old.csv", "--currency", "XXQ", ...as(sol));
    expect(failed).toMatchObject({ code: 2, stdout: "" });
    const nobody = await run("export.ts", "kept/old.csv", "--url", "http://127.0.0.1:9");
    expect(nobody.stderr).toContain("Nothing answers at http://127.0.0.1:9");
    expect(await readdir(join(folder, "kept"))).toEqual(["old.csv"]);
    expect((await read("kept/old.csv")).toString()).toBe("old");
  });

  it.each([
    [[], "Name the file to write."],
    [["catalogue.txt"], "has no ending that says its format"],
    [["-"], "Standard output has no ending"],
    [["x.csv", "--format", "xml"], "--format must be csv or ndjson"],
    [["no/such/folder/x.csv"], "There is no folder no/such/folder"],
    [[".", "--format", "csv"], ". is not a file."],
  ])("refuses %j with one sentence and exit code 2", async (args, sentence) => {
    const { code, stdout, stderr } = await run("export.ts", ...args);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at ");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});
