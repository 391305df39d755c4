import { randomInt } from "node:crypto";
import { commandFor } from "../../stack/rest/commands/command-for.ts";
import { readRequest } from "../../stack/rest/request.ts";
import { createSchemaCache } from "../../stack/rest/schema/schema-cache.ts";
import type { Bench } from "../support/bench.ts";
import { fillBoth } from "../support/catalogue.ts";
import { httpClient } from "../support/http.ts";
import { type LoadResult, load, middle, round } from "../support/load.ts";
import type { Run } from "../support/raw.ts";

const tile = [
  "product_id",
  "slug",
  "title",
  "brand",
  "category_slug",
  "currency",
  "price",
  "base_price",
  "is_on_sale",
  "in_stock",
  "rating_average",
  "rating_count",
  "images",
  "variants",
  "published_at",
];

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

/** A read of a random place in the catalogue. */
interface Read {
  id: "W1" | "W2";
  what: string;
  path(place: string): string;
  /** The one value that the reads differ in. */
  place(products: number): string;
}

const listing: Read = {
  id: "W1",
  what: "listing of 20",
  path: (place) =>
    `/rest/v1/product_listing?select=${tile.join(",")}` +
    `&published_at=lt.${place}&order=published_at.desc,product_id.desc&limit=20`,
  place: (products) => minutesAgo(randomInt(products)),
};

const embed =
  "id,slug,title,description,features,specifications,tags,rating_average,rating_count,rating_histogram," +
  "brands!products_brand_id_fkey(name,slug),categories!products_category_id_fkey(name,slug,path),sellers!products_seller_id_fkey(name,slug)," +
  "product_media(path,alt,position)," +
  "product_variants!product_variants_product_id_fkey(id,sku,title,options,position," +
  "variant_prices(kind,currency,amount,starts_at,ends_at),variant_stock(available,version))";

const page: Read = {
  id: "W2",
  what: "product page by slug",
  path: (place) => `/rest/v1/products?select=${embed}&slug=eq.${place}&limit=1`,
  place: (products) => `bench-${1 + randomInt(products)}`,
};

/** The statement that the stack makes of a read, which has the place as its only parameter. */
const statementOf = async (bench: Bench, read: Read): Promise<string> => {
  const schemas = ["public"];
  const cache = await createSchemaCache(bench.raw.database, schemas);
  try {
    const place = read.place(1);
    const url = new URL(read.path(place), "http://127.0.0.1");
    const path = url.pathname.slice("/rest/v1".length);
    const asked = await readRequest(new Request(url), url, path, schemas);
    const { text, values } = commandFor(asked, await cache.current(), 1000);
    if (values.length !== 1 || values[0] !== place) throw new Error(`binds ${values.join(", ")}`);
    return text;
  } finally {
    await cache.stop();
  }
};

const connections = 20;

interface Measured {
  http: LoadResult;
  raw: LoadResult;
  residentMb: number;
}

/** HTTP and raw in turns, so that whatever else the machine does hits both alike. */
const rounds = 3;

const measure = async (bench: Bench, read: Read, products: number): Promise<Measured> => {
  const client = httpClient(bench.stack.status.API_URL, connections);
  const headers = { apikey: bench.stack.status.PUBLISHABLE_KEY };
  const ask = async () => {
    const path = read.path(read.place(products));
    const { status, body } = await client.send({ path, headers });
    if (status !== 200) throw new Error(`${status}: ${body.slice(0, 300)}`);
    if (body === "[]") throw new Error("an empty answer");
  };
  const statement = await statementOf(bench, read);
  const query = async (run: Run) => {
    const [row] = await run(statement, [read.place(products)]);
    if (!row || !("body" in row) || row.body === "[]") throw new Error("an empty answer");
  };
  const http: LoadResult[] = [];
  const raw: LoadResult[] = [];
  const limits = { seconds: bench.seconds / rounds };
  await load({ workers: connections, count: 200 }, ask);
  await bench.raw.load("anon", connections, { count: 200 }, query);
  for (let round = 0; round < rounds; round += 1) {
    http.push(await load({ ...limits, workers: connections }, ask));
    raw.push(await bench.raw.load("anon", connections, limits, query));
  }
  client.close();
  return {
    http: middle(http),
    raw: middle(raw),
    residentMb: bench.stack.residentMb(),
  };
};

const reportOne = (bench: Bench, read: Read, products: number, measured: Measured): void => {
  const { http, raw, residentMb } = measured;
  const size = products.toLocaleString("en-GB");
  bench.report({
    id: read.id,
    what: `${read.what}, ${size} products`,
    value: http.perSecond,
    unit: "req/s",
    passed: http.errors === 0,
    budget: "no errors",
    detail: { http, residentMb },
  });
  bench.report({
    id: read.id,
    what: `${read.what}, ${size} products: raw SQL`,
    value: raw.perSecond,
    unit: "queries/s",
    detail: { raw, how: bench.raw.how },
  });
  const ratio = round(raw.perSecond / Math.max(http.perSecond, 0.1), 2);
  bench.report({
    id: read.id,
    what: `${read.what}, ${size} products: HTTP takes × raw`,
    value: ratio,
    unit: "×",
    budget: "≤ 3",
    passed: ratio <= 3,
  });
};

/** W1 and W2 at 1,000 products and at many. */
export const catalogueReads = async (bench: Bench, only: ReadonlySet<string>): Promise<void> => {
  const reads = [listing, page].filter(({ id }) => only.has(id));
  const small = new Map<Read, Measured>();
  await fillBoth(bench, 1000);
  for (const read of reads) {
    const measured = await measure(bench, read, 1000);
    small.set(read, measured);
    reportOne(bench, read, 1000, measured);
  }
  if (bench.products <= 1000) return;
  const began = performance.now();
  await fillBoth(bench, bench.products);
  const seconds = (performance.now() - began) / 1000;
  console.error(`${bench.products} products made in ${seconds.toFixed(0)} s`);
  for (const read of reads) {
    const measured = await measure(bench, read, bench.products);
    reportOne(bench, read, bench.products, measured);
    const before = small.get(read);
    if (!before) continue;
    const growth = round(before.http.perSecond / Math.max(measured.http.perSecond, 0.1), 2);
    bench.report({
      id: read.id,
      what: `${read.what}: 1,000 → ${bench.products.toLocaleString("en-GB")} products takes ×`,
      value: growth,
      unit: "×",
      budget: "≤ 1.5",
      passed: growth <= 1.5,
    });
  }
};
