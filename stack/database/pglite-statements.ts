import { type PGlite, protocol } from "@electric-sql/pglite";
import { Recent } from "../recent.ts";
import { isForgotten, literal, type QueryResult, type Row, type Settings } from "./database.ts";
import { readReply } from "./pglite-query.ts";

/** Plans kept in the database's memory. */
const keptStatements = 200;

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
  const unwanted: string[] = [];
  const prepared = new Recent<string, string>(keptStatements, (name) => unwanted.push(name));
  let made = 0;

  /** The messages that run one statement, and what becomes of its name afterwards. */
  const messagesFor = (key: string, text: string, values: string[], isShown: boolean) => {
    const known = prepared.get(key);
    const name = known ?? `stack_${++made}`;
    return {
      messages: [
        ...(known === undefined ? [parse({ name, text, types: [] })] : []),
        bind({ statement: name, values }),
        ...(isShown ? [describe({ type: "P" })] : []),
        execute({}),
      ],
      keep: () => prepared.set(key, name),
      // It may have been prepared before the error came.
      drop: () => {
        if (known === undefined) unwanted.push(name);
      },
    };
  };

  const run = async <T extends Row>(
    text: string,
    values: readonly string[],
    settings: Settings,
  ): Promise<QueryResult<T>> => {
    const closing = unwanted.splice(0).map((name) => close({ type: "S", name }));
    const setting = settingsText(Object.keys(settings));
    const steps = [
      messagesFor(setting, setting, Object.values(settings), false),
      messagesFor(`${settings.role} ${text}`, text, [...values], true),
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

  return {
    run: async <T extends Row>(
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
    },
    /** Closes all with the next exchange, so that they are prepared anew. */
    forget: () => prepared.clear(),
  };
};

const settingsText = (names: readonly string[]): string => {
  const calls = names.map((name, at) => `set_config(${literal(name)}, $${at + 1}, true)`);
  return `select ${calls.join(", ")}`;
};
