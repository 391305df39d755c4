import { randomInt } from "node:crypto";
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

/** The same read as an HTTP path and as SQL, for a random place in the catalogue. */
interface Read {
  id: "W1" | "W2";
  what: string;
  path(products: number): string;
  sql: string;
  parameters(products: number): string[];
}

const listing: Read = {
  id: "W1",
  what: "listing of 20",
  path: (products) =>
    `/rest/v1/product_listing?select=${tile.join(",")}` +
    `&published_at=lt.${minutesAgo(randomInt(products))}&order=published_at.desc,product_id.desc&limit=20`,
  sql: `select ${tile.join(", ")} from public.product_listing
    where published_at < $1 order by published_at desc, product_id desc limit 20`,
  parameters: (products) => [minutesAgo(randomInt(products))],
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
  path: (products) =>
    `/rest/v1/products?select=${embed}&slug=eq.bench-${1 + randomInt(products)}&limit=1`,
  sql: `select p.id, p.slug, p.title, p.description, p.features, p.specifications, p.tags,
      p.rating_average, p.rating_count, p.rating_histogram,
      (select row_to_json(x) from (select b.name, b.slug from public.brands b where b.id = p.brand_id) x) as brands,
      (select row_to_json(x) from (select c.name, c.slug, c.path from public.categories c where c.id = p.category_id) x) as categories,
      (select row_to_json(x) from (select s.name, s.slug from public.sellers s where s.id = p.seller_id) x) as sellers,
      (select json_agg(x) from (select m.path, m.alt, m.position from public.product_media m where m.product_id = p.id) x) as product_media,
      (select json_agg(x) from (
        select v.id, v.sku, v.title, v.options, v.position,
          (select json_agg(y) from (select r.kind, r.currency, r.amount, r.starts_at, r.ends_at
            from public.variant_prices r where r.variant_id = v.id) y) as variant_prices,
          (select row_to_json(y) from (select k.available, k.version
            from public.variant_stock k where k.variant_id = v.id) y) as variant_stock
        from public.product_variants v where v.product_id = p.id) x) as product_variants
    from public.products p where p.slug = $1 limit 1`,
  parameters: (products) => [`bench-${1 + randomInt(products)}`],
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
    const { status, body } = await client.send({ path: read.path(products), headers });
    if (status !== 200) throw new Error(`${status}: ${body.slice(0, 300)}`);
    if (body === "[]") throw new Error("an empty answer");
  };
  const query = async (run: Run) => {
    const rows = await run(read.sql, read.parameters(products));
    if (rows.length === 0) throw new Error("an empty answer");
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
