import { basename } from "node:path";
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { localKeys } from "../stack/keys.ts";
import { CountryBook } from "./replay/addresses.ts";
import { checkInvariants, countUnpaid, openSessions, storedOrders } from "./replay/books.ts";
import { buy, type CartMode, type PayMode } from "./replay/buy.ts";
import { Ledger } from "./replay/ledger.ts";
import { orderColumns, readOrders } from "./replay/order-lines.ts";
import { replayOrders } from "./replay/replay-orders.ts";
import { cards, sandboxAt } from "./replay/sandbox.ts";
import { openShopper } from "./replay/shop.ts";
import { ShopperPool } from "./replay/shoppers.ts";
import { summaryOf, summaryText } from "./replay/summary.ts";
import {
  assignments,
  oneOf,
  onlyFile,
  type ProjectTarget,
  parseCommand,
  projectOptions,
  projectTarget,
  projectUsage,
  RunProblem,
  runTool,
  UsageProblem,
  wholeNumber,
} from "./support/command-line.ts";
import { grouped, percentile, perSecond, rounded } from "./support/figures.ts";
import { openInput } from "./support/input.ts";
import { startProgress } from "./support/progress.ts";
import { ApiFailure, connect, dataOf, delay } from "./support/project.ts";
import { readRecords } from "./support/records.ts";

const usage = `Usage: npm run replay -- FILE [options]

Plays the order lines of a CSV or NDJSON file (plain or gzip) as shoppers: guest sessions, cart,
checkout, card payment in the sandbox. Lines that follow each other with the same order id are one
order. At the end it holds the file against the database: nothing lost, nothing doubled.

  --orders N           how many orders of the file; default 1000
  --skip N             orders to leave out first; default 0
  --run NAME           name of this replay; the same name again places only what is missing.
                       Default: the file's name
  --concurrency N      orders under way at once; default 8
  --rate N             orders started per second at most; default: no limit
  --pay MODE           card, cod or mix (two of three by card); default mix
  --cart MODE          lines (put into the cart one by one), items (as a list with the order), or
                       mix (up to five products by cart); default mix
  --shoppers N         sessions of returning customers kept; default 500
  --map ROLE=COLUMN    columns of order, customer, sku, quantity, country; common names are known
  --delimiter C        default: the one the header uses
  --encoding NAME      default utf-8
  --secret-key KEY     to read the books at the end; default SUPABASE_SECRET_KEY, or the local one
  --sandbox URL        the payment sandbox; default SANDBOX_URL, or next to the local API${projectUsage}
`;

const options = {
  ...projectOptions,
  orders: { type: "string" },
  skip: { type: "string" },
  run: { type: "string" },
  concurrency: { type: "string" },
  rate: { type: "string" },
  pay: { type: "string" },
  cart: { type: "string" },
  shoppers: { type: "string" },
  map: { type: "string", multiple: true },
  delimiter: { type: "string" },
  encoding: { type: "string" },
  "secret-key": { type: "string" },
  sandbox: { type: "string" },
} as const;

const main = async (): Promise<boolean> => {
  const { values, positionals } = parseCommand(process.argv.slice(2), options, usage);
  if (values.help) {
    console.log(usage);
    return true;
  }
  const path = onlyFile(positionals, usage);
  const target = projectTarget(values);
  const secretKey =
    values["secret-key"] ??
    process.env.SUPABASE_SECRET_KEY ??
    (target.isLocal ? localKeys.secret : undefined);
  if (!secretKey) throw new UsageProblem(`Name the secret key of ${target.url} with --secret-key.`);
  const pay = oneOf<PayMode>("pay", values.pay, ["card", "cod", "mix"], "mix");
  const cart = oneOf<CartMode>("cart", values.cart, ["lines", "items", "mix"], "mix");
  const run = runName(values.run ?? basename(path).replace(/(\.\w+)+$/, ""));
  const rate = wholeNumber("rate", values.rate, 0, { min: 1, max: 10_000 });
  const play = {
    orders: wholeNumber("orders", values.orders, 1000),
    skip: wholeNumber("skip", values.skip, 0, { min: 0 }),
    concurrency: wholeNumber("concurrency", values.concurrency, 8, { max: 200 }),
    ...(rate > 0 ? { rate } : {}),
  };
  const limit = wholeNumber("shoppers", values.shoppers, 500, { max: 10_000 });
  const sandboxUrl = sandboxOf(target, values.sandbox, pay);

  const input = await openInput(path, { encoding: values.encoding });
  const reader = await readRecords(input, { delimiter: values.delimiter });
  const given = assignments("map", values.map);
  const columns = reader.columns ? orderColumns(path, reader.columns, given) : {};

  const books = connect(target.url, secretKey);
  const countries = await countryBook(books, target);
  const payByCard = sandboxAt(sandboxUrl);
  const earlier = await placedEarlier(books, run, pay === "cod" ? undefined : payByCard);
  if (earlier.size > 0) {
    console.error(
      `${grouped(earlier.size)} orders of the replay "${run}" are in the shop already; they are not ` +
        "placed again. Another --run NAME would be another replay.",
    );
  }

  const pool = new ShopperPool(() => openShopper(target.url, target.key), limit);
  const ledger = new Ledger();
  const ports = { variants: new Map<string, string>(), countries, payByCard };
  const progress = startProgress({ label: "Replaying", total: play.orders });
  const began = performance.now();
  const figures = await replayOrders(readOrders(reader, columns), play, {
    ledger,
    earlier,
    buy: (order) =>
      pool.use(order.customer, (shopper) => buy(shopper, order, { run, pay, cart }, ports)),
    progress: ({ done, orderMs, problems }) =>
      progress.update(
        done,
        `${grouped(done)} orders, ${rounded(perSecond(done, began))}/s, ` +
          `p95 ${rounded(percentile(orderMs.slice(-200).sort(ascending), 0.95))} ms` +
          (problems.total > 0 ? `, ${problems.total} not placed` : ""),
      ),
  }).finally(() => progress.stop());
  const seconds = (performance.now() - began) / 1000;

  await paymentsSettled(books, run);
  const summary = summaryOf({
    run,
    seconds,
    figures,
    sessions: pool.opened,
    ledger: await ledger.settle(storedOrders(books, run)),
    invariants: await checkInvariants(books),
  });
  console.log(values.json ? JSON.stringify(summary) : summaryText(summary));
  return summary.ledger.isBalanced && summary.rules.broken.length === 0;
};

const ascending = (a: number, b: number) => a - b;

const runName = (name: string): string => {
  if (/^[\w.-]{1,60}$/.test(name)) return name;
  throw new UsageProblem(`--run takes up to 60 letters, digits and . _ -; got "${name}".`);
};

const sandboxOf = (target: ProjectTarget, given: string | undefined, pay: PayMode): string => {
  const url = given ?? process.env.SANDBOX_URL;
  if (url !== undefined) return url.replace(/\/+$/, "");
  if (target.isLocal) {
    const address = new URL(target.url);
    // Its place in the stack's block of ports.
    address.port = String(Number(address.port) + 4);
    return address.origin;
  }
  if (pay === "cod") return "";
  throw new UsageProblem(
    "Cards are paid in the sandbox: name it with --sandbox, or choose --pay cod.",
  );
};

const Countries = z.array(
  z.object({
    code: z.string(),
    name: z.string(),
    postal_code_example: z.string().nullable(),
    region_required: z.boolean(),
  }),
);
const Settings = z.object({ country: z.string() });

const countryBook = async (client: SupabaseClient, { url }: ProjectTarget) => {
  try {
    const rows = dataOf(
      await client.from("countries").select("code, name, postal_code_example, region_required"),
    );
    const shop = dataOf(await client.from("shop_settings").select("country").single());
    return new CountryBook(Countries.parse(rows), Settings.parse(shop).country);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    throw new RunProblem(
      error.status === 0
        ? `Nothing answers at ${url}; start the shop with \`npm start\`, or name another with --url.`
        : `${url} does not let the secret key in: ${error.message} (${error.code}).`,
      { cause: error },
    );
  }
};

/** Ids of the file's orders that stand in the database; pages left unpaid are paid now. */
const placedEarlier = async (
  books: SupabaseClient,
  run: string,
  payByCard: ReturnType<typeof sandboxAt> | undefined,
): Promise<Set<string>> => {
  const ids = new Set<string>();
  const unpaid: string[] = [];
  for await (const { id, sourceId, provider, status, paymentStatus } of storedOrders(books, run)) {
    ids.add(sourceId);
    const isOpen = provider === "stripe" && status === "pending" && paymentStatus === "pending";
    if (isOpen) unpaid.push(id);
  }
  for (const session of payByCard ? await openSessions(books, unpaid) : []) {
    // It may have been paid, or have run out, just now; the books at the end tell.
    await payByCard?.(session, cards.accepted).catch(() => undefined);
  }
  return ids;
};

/** Webhooks come after the payment; gives them as long as they go on arriving, at most a minute. */
const paymentsSettled = async (books: SupabaseClient, run: string): Promise<void> => {
  let left = Number.POSITIVE_INFINITY;
  for (let idle = 0; idle < 20; idle += 1) {
    const now = await countUnpaid(books, run);
    if (now === 0) return;
    if (now < left) idle = 0;
    left = now;
    await delay(500);
  }
};

runTool(main);
