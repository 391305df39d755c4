import { randomBytes } from "node:crypto";
import type postgres from "postgres";
import { Recent } from "../recent.ts";
import {
  type Database,
  isForgotten,
  literal,
  type Row,
  type Settings,
  setConfig,
} from "./database.ts";

/** Names of plans that are known; a session keeps those of older ones until it ends. */
const keptNames = 1000;

export interface Statements {
  run: Database["statement"];
  forget: Database["forget"];
}

/**
 * Runs a statement with its transaction-local settings in one message to the server, for what stands
 * in one message is one transaction. Statements stay prepared, one for each role, since row-level
 * security makes another plan of the same text; which sessions have them, the server knows.
 */
export const createStatements = (pool: postgres.Sql): Statements => {
  const names = new Recent<string, string>(keptNames);
  // Nobody else's, should a pooler hand sessions from one program to the next.
  const ours = `stack_${randomBytes(6).toString("hex")}`;
  let made = 0;

  const run = async <T extends Row>(
    text: string,
    parameters: readonly string[],
    settings: Settings,
  ): Promise<{ rows: T[] }> => {
    const name = names.take(`${settings.role} ${text}`, () => `${ours}_${++made}`);
    const values = parameters.length > 0 ? `(${parameters.map(literal).join(", ")})` : "";
    const script = (...steps: string[]) => [setConfig(settings), ...steps].join("; ");
    const execute = `execute ${name}${values}`;
    const connection = await pool.reserve();
    try {
      const replies = await connection.unsafe(script(execute)).catch((error: unknown) => {
        if (!isForgotten(error)) throw error;
        return connection.unsafe(script(`prepare ${name} as ${text}`, execute));
      });
      // One reply for each statement that has columns; the settings' comes first.
      const [, rows = []] = replies as unknown as [unknown, T[]?];
      return { rows: [...rows] };
    } finally {
      connection.release();
    }
  };

  return { run, forget: () => names.clear() };
};
