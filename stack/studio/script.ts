import type postgres from "postgres";
import { isQuery, needOwnTransactions, statementsOf } from "./statements.ts";

export interface ScriptResult {
  /** What the statement was: `SELECT`, `INSERT`, … */
  command: string;
  columns: string[];
  /** The first rows, their values as PostgreSQL's text. */
  rows: (string | null)[][];
  /** Rows returned or changed in all. */
  count: number;
}

const shownRows = 500;

const decoder = new TextDecoder();

/**
 * Runs what somebody typed: all of it or, when one statement fails, nothing. Of a long result only
 * the first rows are kept, yet the statement runs to its end. A failure is PostgreSQL's own error.
 */
export const runScript = async (session: postgres.Sql, script: string): Promise<ScriptResult[]> => {
  const statements = statementsOf(script);
  const results: ScriptResult[] = [];
  if (needOwnTransactions(statements)) {
    for (const statement of statements) results.push(await runWhole(session, statement));
    return results;
  }
  await session.unsafe("begin");
  for (const statement of statements) {
    results.push((await runByCursor(session, statement)) ?? (await runWhole(session, statement)));
  }
  await session.unsafe("commit");
  return results;
};

const runWhole = async (session: postgres.Sql, statement: string): Promise<ScriptResult> => {
  const result = await session.unsafe(statement, []).raw();
  return {
    command: result.command ?? "",
    columns: (result.columns ?? []).map(({ name }) => name),
    rows: cellsOf(result.slice(0, shownRows)),
    count: result.count ?? result.length,
  };
};

/** Undefined for what no cursor can be declared for; nothing has run then. */
const runByCursor = async (
  session: postgres.Sql,
  statement: string,
): Promise<ScriptResult | undefined> => {
  if (!isQuery(statement)) return undefined;
  try {
    await session.unsafe(`savepoint studio; declare studio_rows no scroll cursor for ${statement}`);
  } catch {
    // The statement itself will say what is wrong with it, if anything is.
    await session.unsafe("rollback to savepoint studio");
    return undefined;
  }
  const first = await session.unsafe(`fetch ${shownRows} from studio_rows`, []).raw();
  const rest = await session.unsafe("move all in studio_rows", []);
  await session.unsafe("close studio_rows; release savepoint studio");
  return {
    command: "SELECT",
    columns: (first.columns ?? []).map(({ name }) => name),
    rows: cellsOf(first),
    count: first.length + (rest.count ?? 0),
  };
};

const cellsOf = (rows: readonly (readonly (Uint8Array | null)[])[]): (string | null)[][] =>
  rows.map((row) => row.map((cell) => (cell === null ? null : decoder.decode(cell))));
