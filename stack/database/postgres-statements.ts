import type postgres from "postgres";
import { Recent } from "../recent.ts";
import { isForgotten, literal, type Row, type Settings, setConfig } from "./database.ts";

/** Names of plans that are known; a session keeps those of older ones until it ends. */
const keptNames = 1000;

/**
 * Runs a statement with its transaction-local settings in one message to the server, for what stands
 * in one message is one transaction. Statements stay prepared, one for each role, since row-level
 * security makes another plan of the same text; which sessions have them, the server knows.
 */
export const createStatements = (pool: postgres.Sql) => {
  const names = new Recent<string, string>(keptNames);
  let made = 0;

  return async <T extends Row>(
    text: string,
    parameters: readonly string[],
    settings: Settings,
  ): Promise<{ rows: T[] }> => {
    const name = names.take(`${settings.role} ${text}`, () => `stack_${++made}`);
    const values = parameters.length > 0 ? `(${parameters.map(literal).join(", ")})` : "";
    const steps = (...steps: string[]) => [setConfig(settings), ...steps].join("; ");
    const execute = `execute ${name}${values}`;
    const connection = await pool.reserve();
    try {
      const replies = await connection.unsafe(steps(execute)).catch((error: unknown) => {
        if (!isForgotten(error)) throw error;
        return connection.unsafe(steps(`prepare ${name} as ${text}`, execute));
      });
      // One reply for each statement that has columns; the settings' comes first.
      const [, rows = []] = replies as unknown as [unknown, T[]?];
      return { rows: [...rows] };
    } finally {
      connection.release();
    }
  };
};
