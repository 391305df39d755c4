import { randomInt } from "node:crypto";
import type { Bench } from "../support/bench.ts";
import { fillBoth } from "../support/catalogue.ts";
import type { Run } from "../support/raw.ts";

/** What the database alone can do: one product tile by an index, as fast as a client can ask. */
export const rawReads = async (bench: Bench): Promise<void> => {
  await fillBoth(bench, 1000);
  const text =
    "select product_id, slug, title, price, in_stock, rating_average, image " +
    "from public.product_listing where slug = $1";
  const query = async (run: Run) => {
    const rows = await run(text, [`bench-${1 + randomInt(1000)}`]);
    if (rows.length !== 1) throw new Error("no row");
  };
  await bench.raw.load("anon", 10, { count: 500 }, query);
  const result = await bench.raw.load("anon", 10, { seconds: bench.seconds }, query);
  bench.report({
    id: "W1",
    what: "one indexed listing query, raw SQL",
    value: result.perSecond,
    unit: "queries/s",
    ...(bench.on === "postgres" ? { budget: "≥ 5,000", passed: result.perSecond >= 5000 } : {}),
    detail: { raw: result, how: bench.raw.how },
  });
};
