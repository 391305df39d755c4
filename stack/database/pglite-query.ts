import { type PGlite, protocol } from "@electric-sql/pglite";
import type { DatabaseError, QueryResult, Row } from "./database.ts";

/**
 * Runs statements on PGlite in one protocol exchange each. PGlite's own `query` asks for the types
 * of the parameters every time and copies every value twice; here the types are remembered by the
 * statement's text, and rows are read straight from the reply.
 *
 * Notifications in a reply are handed to `onNotification`, since PGlite does not see them.
 */
export const createQuery = (
  pglite: PGlite,
  onNotification: (channel: string, payload: string) => void,
) => {
  const parameterTypes = new Map<string, number[]>();

  const typesOf = async (text: string): Promise<number[]> => {
    const known = parameterTypes.get(text);
    if (known) return known;
    const { queryParams } = await pglite.describeQuery(text);
    const types = queryParams.map(({ dataTypeID }) => dataTypeID);
    if (parameterTypes.size >= rememberedStatements) parameterTypes.clear();
    parameterTypes.set(text, types);
    return types;
  };

  return async <T extends Row>(
    text: string,
    parameters: readonly unknown[],
  ): Promise<QueryResult<T>> => {
    const types = parameters.length > 0 ? await typesOf(text) : [];
    const values = parameters.map((value, index) => {
      if (value === null || value === undefined) return null;
      const serialize = pglite.serializers[types[index] ?? 0];
      return serialize ? serialize(value) : String(value);
    });
    const { parse, bind, describe, execute, sync } = protocol.serialize;
    const reply: Buffer[] = [];
    await pglite.execProtocolRawStream(
      Buffer.concat([
        parse({ text, types }),
        bind({ values }),
        describe({ type: "P" }),
        execute({}),
        sync(),
      ]),
      // A view of the database's memory, so it must be copied before the next statement.
      { onRawData: (data) => reply.push(Buffer.from(data)) },
    );
    const result = readReply<T>(Buffer.concat(reply), { parsers: pglite.parsers, onNotification });
    if ("error" in result) {
      // Perhaps the schema changed, and with it what the statement takes.
      parameterTypes.delete(text);
      throw result.error;
    }
    return result;
  };
};

/** Statements are written by programs, so their number is small; this only bounds surprises. */
const rememberedStatements = 2_000;

const text = (reply: Buffer, start: number, end: number) => reply.toString("utf8", start, end);

interface Field {
  name: string;
  parse: ((text: string, type: number) => unknown) | undefined;
  type: number;
}

export interface Reader {
  parsers: Readonly<Record<number | string, (text: string, type: number) => unknown>>;
  onNotification(channel: string, payload: string): void;
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
export const readReply = <T extends Row>(
  reply: Buffer,
  reader: Reader,
): QueryResult<T> | { error: DatabaseError } => {
  let rows: Row[] = [];
  let fields: Field[] = [];
  let affected = 0;
  let error: DatabaseError | undefined;
  // A reply may hold the results of several statements; the last one's count.
  for (let at = 0; at + 5 <= reply.length; ) {
    const end = at + 1 + reply.readInt32BE(at + 1);
    const body = at + 5;
    switch (reply[at]) {
      case 0x32: // BindComplete
        fields = [];
        rows = [];
        break;
      case 0x44: // DataRow
        rows.push(readRow(reply, body, fields));
        break;
      case 0x54: // RowDescription
        fields = readFields(reply, body, reader.parsers);
        rows = [];
        break;
      case 0x43: // CommandComplete
        affected = affectedBy(text(reply, body, end - 1));
        break;
      case 0x45: // ErrorResponse
        error ??= readError(reply, body);
        break;
      case 0x41: {
        // NotificationResponse
        const channelEnd = reply.indexOf(0, body + 4);
        const channel = text(reply, body + 4, channelEnd);
        reader.onNotification(channel, text(reply, channelEnd + 1, end - 1));
        break;
      }
    }
    at = end;
  }
  if (error) return { error };
  // The row type is the caller's promise about its own statement.
  return { rows: rows as T[], affected };
};

const readFields = (reply: Buffer, start: number, parsers: Reader["parsers"]): Field[] => {
  const fields: Field[] = [];
  let at = start + 2;
  for (let count = reply.readUInt16BE(start); count > 0; count--) {
    const nameEnd = reply.indexOf(0, at);
    const type = reply.readUInt32BE(nameEnd + 7);
    fields.push({ name: text(reply, at, nameEnd), type, parse: parsers[type] });
    at = nameEnd + 19;
  }
  return fields;
};

const readRow = (reply: Buffer, start: number, fields: readonly Field[]): Row => {
  const row: Row = {};
  let at = start + 2;
  for (const { name, parse, type } of fields) {
    const length = reply.readInt32BE(at);
    at += 4;
    if (length < 0) {
      row[name] = null;
      continue;
    }
    const value = text(reply, at, at + length);
    row[name] = parse ? parse(value, type) : value;
    at += length;
  }
  return row;
};

const affectedBy = (tag: string): number => {
  const [, count] = /^(?:INSERT|UPDATE|DELETE|MERGE|COPY)\b.* (\d+)$/.exec(tag) ?? [];
  return Number(count ?? 0);
};

const errorFields: Readonly<Record<string, string>> = {
  C: "code",
  D: "detail",
  H: "hint",
  P: "position",
  W: "where",
  c: "column",
  n: "constraint",
  s: "schema",
  t: "table",
};

const readError = (reply: Buffer, start: number): DatabaseError => {
  const found: Record<string, string> = {};
  for (let at = start; reply[at] !== 0 && at < reply.length; ) {
    const end = reply.indexOf(0, at);
    found[String.fromCharCode(reply[at] ?? 0)] = text(reply, at + 1, end);
    at = end + 1;
  }
  const named = Object.entries(found).flatMap(([letter, value]): [string, string][] => {
    const name = errorFields[letter];
    return name ? [[name, value]] : [];
  });
  return Object.assign(new Error(found.M ?? "unknown error"), {
    code: found.C ?? "XX000",
    ...Object.fromEntries(named),
  });
};
