import { Tally } from "../support/figures.ts";
import type { SourceOrder } from "./order-lines.ts";

/** An order of this replay as the database has it. */
export interface StoredOrder {
  id: string;
  /** The order of the file that it stands for. */
  sourceId: string;
  provider: string;
  status: string;
  paymentStatus: string;
  lines: number;
  pieces: number;
}

export type Outcome =
  | { kind: "placed"; orderId: string; provider: "stripe" | "cod" }
  /** Placed by an earlier replay of the same name. */
  | { kind: "earlier" }
  /** The shop said no, for a reason that will not pass by itself. */
  | { kind: "refused"; code: string }
  /** No answer, or an error of the shop's own. */
  | { kind: "failed"; code: string };

interface Entry {
  lines: number;
  pieces: number;
  outcome: Outcome;
}

export interface LedgerSummary {
  /** Orders read from the file; placed + earlier + refused + failed. */
  orders: number;
  placed: number;
  earlier: number;
  refused: Record<string, number>;
  failed: Record<string, number>;
  /** Orders of this replay in the database. */
  stored: number;
  /** Placed for the shopper, absent in the database. */
  lost: number;
  /** More than one order for one of the file. */
  doubled: number;
  /** Refused to the shopper, yet present. */
  ghosts: number;
  /** Failed for the shopper, yet present: only the answer was lost. */
  unanswered: number;
  /** Orders whose lines or pieces differ from the file. */
  differing: number;
  lines: { file: number; stored: number };
  pieces: { file: number; stored: number };
  cards: { placed: number; paid: number };
  isBalanced: boolean;
}

/** Counts what the file asked for, what the shoppers were told, and what the database holds. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Whether the order came up before; an id may stand in the file once only. */
  has(sourceId: string): boolean {
    return this.#entries.has(sourceId);
  }

  record(order: SourceOrder, outcome: Outcome): void {
    const pieces = [...order.items.values()].reduce((sum, quantity) => sum + quantity, 0);
    this.#entries.set(order.id, { lines: order.items.size, pieces, outcome });
  }

  /** Holds the entries against the orders in the database; consumes the rows one by one. */
  async settle(stored: AsyncIterable<StoredOrder>): Promise<LedgerSummary> {
    const refused = new Tally();
    const failed = new Tally();
    const seen = new Set<string>();
    const sums = { lines: 0, pieces: 0, fileLines: 0, filePieces: 0 };
    const counts = { stored: 0, doubled: 0, ghosts: 0, unanswered: 0, differing: 0 };
    const cards = { placed: 0, paid: 0 };

    for await (const row of stored) {
      const entry = this.#entries.get(row.sourceId);
      // An earlier replay of the same name may have read further than this one.
      if (!entry) continue;
      counts.stored += 1;
      if (seen.has(row.sourceId)) {
        counts.doubled += 1;
        continue;
      }
      seen.add(row.sourceId);
      if (entry.outcome.kind === "refused") counts.ghosts += 1;
      if (entry.outcome.kind === "failed") counts.unanswered += 1;
      if (row.lines !== entry.lines || row.pieces !== entry.pieces) counts.differing += 1;
      sums.lines += row.lines;
      sums.pieces += row.pieces;
      sums.fileLines += entry.lines;
      sums.filePieces += entry.pieces;
      if (row.provider === "stripe" && entry.outcome.kind === "placed") {
        cards.placed += 1;
        if (row.paymentStatus === "paid") cards.paid += 1;
      }
    }

    let placed = 0;
    let earlier = 0;
    let lost = 0;
    for (const [id, { lines, pieces, outcome }] of this.#entries) {
      if (outcome.kind === "placed") placed += 1;
      if (outcome.kind === "earlier") earlier += 1;
      if (outcome.kind === "refused") refused.add(outcome.code);
      if (outcome.kind === "failed") failed.add(outcome.code);
      const isExpected = outcome.kind === "placed" || outcome.kind === "earlier";
      if (!isExpected || seen.has(id)) continue;
      lost += 1;
      sums.fileLines += lines;
      sums.filePieces += pieces;
    }
    return {
      orders: this.#entries.size,
      placed,
      earlier,
      refused: refused.toObject(),
      failed: failed.toObject(),
      lost,
      ...counts,
      lines: { file: sums.fileLines, stored: sums.lines },
      pieces: { file: sums.filePieces, stored: sums.pieces },
      cards,
      isBalanced:
        lost === 0 &&
        counts.doubled === 0 &&
        counts.ghosts === 0 &&
        counts.differing === 0 &&
        failed.total === 0 &&
        cards.paid === cards.placed,
    };
  }
}
