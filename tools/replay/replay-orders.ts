import { Tally } from "../support/figures.ts";
import { ApiFailure, delay } from "../support/project.ts";
import { type Bought, Unplaceable } from "./buy.ts";
import type { Ledger, Outcome } from "./ledger.ts";
import type { SourceOrder } from "./order-lines.ts";

export interface ReplayOptions {
  /** Orders under way at once. */
  concurrency: number;
  /** Orders started per second at most; absent: as fast as the shop takes them. */
  rate?: number;
  /** Orders of the file to leave out, and to take after those. */
  skip: number;
  orders: number;
}

export interface ReplayPorts {
  buy(order: SourceOrder): Promise<Bought>;
  ledger: Ledger;
  /** Ids of the file's orders that an earlier replay of the same name has placed. */
  earlier: ReadonlySet<string>;
  /** After every order. */
  progress(figures: ReplayFigures): void;
}

export interface ReplayFigures {
  done: number;
  bought: number;
  requests: number;
  declined: number;
  cod: number;
  /** Milliseconds, in order of completion: the whole order, and the request that placed it. */
  orderMs: number[];
  placeMs: number[];
  /** Sentences of what went wrong, by code; the first of each. */
  examples: Map<string, string>;
  problems: Tally;
}

/**
 * Plays the orders in the order of the file, several at once. Reading waits for the shop, so
 * memory does not grow with the file beyond the ledger's few bytes an order.
 */
export const replayOrders = async (
  source: AsyncIterable<SourceOrder>,
  options: ReplayOptions,
  ports: ReplayPorts,
): Promise<ReplayFigures> => {
  const figures: ReplayFigures = {
    done: 0,
    bought: 0,
    requests: 0,
    declined: 0,
    cod: 0,
    orderMs: [],
    placeMs: [],
    examples: new Map(),
    problems: new Tally(),
  };
  const orders = source[Symbol.asyncIterator]();
  const began = performance.now();
  let taken = 0;
  let started = 0;
  // One reader at a time: a generator must not be asked twice at once for different orders' lines.
  let reading: Promise<unknown> = Promise.resolve();

  const next = (): Promise<SourceOrder | undefined> => {
    const turn = reading.then(async () => {
      while (taken < options.skip + options.orders) {
        const result = await orders.next();
        if (result.done) return undefined;
        taken += 1;
        if (taken > options.skip) return result.value;
      }
      return undefined;
    });
    reading = turn.catch(() => undefined);
    return turn;
  };

  const play = async (order: SourceOrder): Promise<Outcome> => {
    if (ports.earlier.has(order.id)) return { kind: "earlier" };
    if (options.rate) await delay(began + (started++ * 1000) / options.rate - performance.now());
    const start = performance.now();
    try {
      const bought = await ports.buy(order);
      figures.bought += 1;
      figures.requests += bought.requests;
      figures.declined += bought.declined;
      if (bought.provider === "cod") figures.cod += 1;
      figures.orderMs.push(performance.now() - start);
      figures.placeMs.push(bought.placeMs);
      return { kind: "placed", orderId: bought.orderId, provider: bought.provider };
    } catch (error) {
      const outcome = outcomeOf(error);
      figures.problems.add(outcome.code);
      if (!figures.examples.has(outcome.code)) {
        const sentence = error instanceof Error ? error.message : String(error);
        figures.examples.set(outcome.code, `order ${order.id} (line ${order.line}): ${sentence}`);
      }
      return outcome;
    }
  };

  const work = async () => {
    for (let order = await next(); order; order = await next()) {
      if (ports.ledger.has(order.id)) {
        // Counting it again under the same id would hide it.
        const again = { ...order, id: `${order.id} at line ${order.line}` };
        ports.ledger.record(again, { kind: "refused", code: "order_id_repeated" });
        figures.problems.add("order_id_repeated");
      } else {
        // Entered before it is played, so that a repetition is seen while it is under way.
        ports.ledger.record(order, { kind: "failed", code: "not_finished" });
        ports.ledger.record(order, await play(order));
      }
      figures.done += 1;
      ports.progress(figures);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return figures;
};

const outcomeOf = (error: unknown): { kind: "refused" | "failed"; code: string } => {
  if (error instanceof Unplaceable) return { kind: "refused", code: error.code };
  if (!(error instanceof ApiFailure)) return { kind: "failed", code: "unexpected" };
  return { kind: isRefusal(error) ? "refused" : "failed", code: error.code };
};

/** The shop's own answers about goods and input; anything else is a fault somewhere. */
const isRefusal = ({ status, code }: ApiFailure): boolean =>
  (status === 409 || status === 422) && code !== "not_paid" && code !== "idempotency_key_reused";
