import { type PGlite, protocol } from "@electric-sql/pglite";
import { isDatabaseError, type QueryResult, type Row, type Settings } from "./database.ts";
import { readReply } from "./pglite-query.ts";

/** Plans kept in the database's memory; those used longest ago go first. */
const keptStatements = 200;

/** SQLSTATE of a prepared statement that somebody else took away, by `discard all` for one. */
const isForgotten = (error: unknown) => isDatabaseError(error) && error.code === "26000";

/**
 * Runs a statement with its transaction-local settings in one protocol exchange: what comes before
 * one Sync is one transaction, which an error undoes. Statements stay prepared, one for each role,
 * since row-level security makes another plan of the same text.
 */
export const createStatements = (
  pglite: PGlite,
  onNotification: (channel: string, payload: string) => void,
) => {
  const { parse, bind, describe, execute, close, sync } = protocol.serialize;
  const prepared = new Map<string, string>();
  const unwanted: string[] = [];
  let made = 0;

  /** The messages that run one statement, and what becomes of its name afterwards. */
  const messagesFor = (key: string, text: string, values: readonly string[]) => {
    const known = prepared.get(key);
    const name = known ?? `stack_${++made}`;
    const run = [
      bind({ statement: name, values: [...values] }),
      describe({ type: "P" }),
      execute({}),
    ];
    return {
      messages: known ? run : [parse({ name, text, types: [] }), ...run],
      keep: () => {
        // Taken out and put back, so that the first of the map is the one used longest ago.
        prepared.delete(key);
        prepared.set(key, name);
      },
      // It may have been prepared before the error came.
      drop: () => {
        if (!known) unwanted.push(name);
      },
    };
  };

  const closeUnwanted = (): Uint8Array[] => {
    const [oldest] = prepared;
    if (prepared.size >= keptStatements && oldest) {
      prepared.delete(oldest[0]);
      unwanted.push(oldest[1]);
    }
    return unwanted.splice(0).map((name) => close({ type: "S", name }));
  };

  const run = async <T extends Row>(
    text: string,
    values: readonly string[],
    settings: Settings,
  ): Promise<QueryResult<T>> => {
    const closing = closeUnwanted();
    const pairs = Object.entries(settings);
    const steps = [
      messagesFor(`settings ${pairs.length}`, settingsText(pairs.length), pairs.flat()),
      messagesFor(`${settings.role} ${text}`, text, values),
    ];
    const reply: Buffer[] = [];
    await pglite.execProtocolRawStream(
      Buffer.concat([...closing, ...steps.flatMap(({ messages }) => messages), sync()]),
      // A view of the database's memory, so it must be copied before the next statement.
      { onRawData: (data) => reply.push(Buffer.from(data)) },
    );
    const result = readReply<T>(Buffer.concat(reply), { parsers: pglite.parsers, onNotification });
    if ("error" in result) {
      for (const { drop } of steps) drop();
      throw result.error;
    }
    for (const { keep } of steps) keep();
    return result;
  };

  return async <T extends Row>(
    text: string,
    values: readonly string[],
    settings: Settings,
  ): Promise<QueryResult<T>> => {
    try {
      return await run<T>(text, values, settings);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      prepared.clear();
      return run<T>(text, values, settings);
    }
  };
};

const settingsText = (count: number): string => {
  const calls = Array.from(
    { length: count },
    (_, at) => `set_config($${at * 2 + 1}, $${at * 2 + 2}, true)`,
  );
  return `select ${calls.join(", ")}`;
};
