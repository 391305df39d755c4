import type { Raw } from "./raw.ts";
import type { Sql } from "./sql.ts";
import type { StackProcess } from "./stack-process.ts";

/** One measured line of the table. */
export interface Figure {
  /** W1 … W7. */
  id: string;
  what: string;
  on: "pglite" | "postgres";
  value: number;
  unit: string;
  /** What bench.md asks for, in words; absent: reported only. */
  budget?: string;
  passed?: boolean;
  /** Everything else that was measured with it. */
  detail?: Record<string, unknown>;
}

export interface Bench {
  on: "pglite" | "postgres";
  stack: StackProcess;
  /** The stack's database as its owner: the wire port, or the native server. */
  sql: Sql;
  /** The database alone: the same server, or for PGlite a twin of the stack's. */
  raw: Raw;
  /** Seconds of one load. */
  seconds: number;
  isQuick: boolean;
  /** Products of the large catalogue. */
  products: number;
  report(figure: Omit<Figure, "on">): void;
}
