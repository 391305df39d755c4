import { grouped, percentile, rounded } from "../support/figures.ts";
import type { LedgerSummary } from "./ledger.ts";
import type { ReplayFigures } from "./replay-orders.ts";

export interface ReplaySummary {
  run: string;
  seconds: number;
  ordersPerSecond: number;
  sessions: number;
  requestsPerOrder: number;
  /** Milliseconds: an order from first to last request, and the request that placed it. */
  orderMs: { p50: number; p95: number };
  placeMs: { p50: number; p95: number };
  cardsDeclinedFirst: number;
  ledger: LedgerSummary;
  rules: { checked: number; broken: { name: string; broken: number }[] };
  examples: Record<string, string>;
}

export const summaryOf = (given: {
  run: string;
  seconds: number;
  figures: ReplayFigures;
  sessions: number;
  ledger: LedgerSummary;
  invariants: readonly { name: string; broken: number }[];
}): ReplaySummary => {
  const { figures, seconds } = given;
  return {
    run: given.run,
    seconds: Number(seconds.toFixed(2)),
    ordersPerSecond: Number((figures.bought / Math.max(seconds, 0.001)).toFixed(1)),
    sessions: given.sessions,
    requestsPerOrder: Number((figures.requests / Math.max(figures.bought, 1)).toFixed(2)),
    orderMs: spread(figures.orderMs),
    placeMs: spread(figures.placeMs),
    cardsDeclinedFirst: figures.declined,
    ledger: given.ledger,
    rules: {
      checked: given.invariants.length,
      broken: given.invariants.filter(({ broken }) => broken > 0),
    },
    examples: Object.fromEntries(figures.examples),
  };
};

const spread = (milliseconds: readonly number[]) => {
  const sorted = Float64Array.from(milliseconds).sort();
  return {
    p50: Number(percentile(sorted, 0.5).toFixed(1)),
    p95: Number(percentile(sorted, 0.95).toFixed(1)),
  };
};

export const summaryText = (summary: ReplaySummary): string => {
  const { ledger, rules } = summary;
  const rows: (readonly [string, string])[] = [
    ["Orders in the file", grouped(ledger.orders)],
    ["  placed", grouped(ledger.placed)],
    ["  placed earlier", grouped(ledger.earlier)],
    ["  refused", reasons(ledger.refused)],
    ["  failed", reasons(ledger.failed)],
    ["Orders in the database", grouped(ledger.stored)],
    ["  lost / doubled", `${ledger.lost} / ${ledger.doubled}`],
    ["  refused or failed, yet there", `${ledger.ghosts} / ${ledger.unanswered}`],
    ["  with other lines or pieces", grouped(ledger.differing)],
    ["Lines, file = database", `${grouped(ledger.lines.file)} = ${grouped(ledger.lines.stored)}`],
    ["Pieces", `${grouped(ledger.pieces.file)} = ${grouped(ledger.pieces.stored)}`],
    ["Paid by card", `${grouped(ledger.cards.paid)} of ${grouped(ledger.cards.placed)}`],
    ["Rules of the shop", `${rules.checked} checked, ${rules.broken.length} broken`],
    ...rules.broken.map(({ name, broken }) => [`  ${name}`, `${broken} times`] as const),
  ];
  const { orderMs, placeMs } = summary;
  return [
    `${grouped(ledger.placed)} orders in ${summary.seconds} s: ${summary.ordersPerSecond} orders/s, ` +
      `${grouped(summary.sessions)} shoppers, ${summary.requestsPerOrder} requests an order`,
    `a whole order p50 ${rounded(orderMs.p50)} ms, p95 ${rounded(orderMs.p95)} ms; ` +
      `placing it p50 ${rounded(placeMs.p50)} ms, p95 ${rounded(placeMs.p95)} ms`,
    "",
    ...rows.map(([label, value]) => `${label.padEnd(32)}${value}`),
    "",
    ...Object.entries(summary.examples).map(([code, text]) => `${code}: ${text}`),
    ledger.isBalanced && rules.broken.length === 0
      ? "Nothing lost, nothing doubled."
      : "THE BOOKS DO NOT BALANCE.",
  ].join("\n");
};

const reasons = (counts: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(counts).map(([code, count]) => `${code} ${grouped(count)}`);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return parts.length === 0 ? "0" : `${grouped(total)}: ${parts.join(", ")}`;
};
