// Frontend messages of PostgreSQL's protocol 3.0:
// https://www.postgresql.org/docs/current/protocol-message-formats.html

/** What a client sent is not the protocol; the connection cannot go on. */
export class ProtocolViolation extends Error {}

/** PostgreSQL takes 10,000 bytes before it knows the client, and a gigabyte after. */
const maxStartupBytes = 10_000;
const maxMessageBytes = 256 * 1024 * 1024;

/** Sync, Query, Parse, Bind, Describe, Execute, Close, Flush, Terminate, CopyData, CopyDone, CopyFail, Password. */
const messageTypes = new Set([..."SQPBDECHXdcfp"].map((letter) => letter.charCodeAt(0)));

/** Cuts a byte stream into whole messages, and refuses what PGlite would not survive. */
export class MessageReader {
  #chunks: Uint8Array[] = [];
  #buffer = Buffer.alloc(0);
  #missing = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#missing -= chunk.length;
  }

  /** The next whole message; start-up messages have no type byte. */
  next(isStartup: boolean): Buffer | undefined {
    // A long message comes in many chunks, which are joined once.
    if (this.#missing > 0) return undefined;
    if (this.#chunks.length > 0) {
      this.#buffer = Buffer.concat([this.#buffer, ...this.#chunks.splice(0)]);
    }
    const header = isStartup ? 0 : 1;
    if (this.#buffer.length < header + 4) return undefined;
    const length = this.#buffer.readInt32BE(header);
    if (length < 4 || length > (isStartup ? maxStartupBytes : maxMessageBytes)) {
      throw new ProtocolViolation("invalid length of message");
    }
    if (!isStartup && !messageTypes.has(this.#buffer[0] ?? 0)) {
      throw new ProtocolViolation(`invalid frontend message type ${this.#buffer[0]}`);
    }
    this.#missing = header + length - this.#buffer.length;
    if (this.#missing > 0) return undefined;
    const message = this.#buffer.subarray(0, header + length);
    this.#buffer = this.#buffer.subarray(header + length);
    this.#missing = 0;
    return message;
  }
}

const cancelRequest = 80877102;
const sslRequest = 80877103;
const gssRequest = 80877104;

export type Startup =
  | { kind: "start"; parameters: Map<string, string> }
  | { kind: "encryption" }
  | { kind: "cancel"; process: number; secret: number };

export const readStartup = (message: Buffer): Startup => {
  const version = message.readInt32BE(4);
  if (version === sslRequest || version === gssRequest) return { kind: "encryption" };
  if (version === cancelRequest && message.length === 16) {
    return { kind: "cancel", process: message.readInt32BE(8), secret: message.readInt32BE(12) };
  }
  const words = message.subarray(8).toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    const name = words[index];
    if (name) parameters.set(name, words[index + 1] ?? "");
  }
  return { kind: "start", parameters };
};

export const typeOf = (message: Uint8Array): string => String.fromCharCode(message[0] ?? 0);

/** The SQL that a Query or Parse carries; empty for every other message. */
export const sqlOf = (message: Buffer): string => {
  if (typeOf(message) === "Q") return message.toString("utf8", 5, message.length - 1);
  if (typeOf(message) !== "P") return "";
  const start = message.indexOf(0, 5) + 1;
  return message.toString("utf8", start, message.indexOf(0, start));
};

/** The parameters of a Bind, read as text. */
export const boundTexts = (message: Buffer): string[] => {
  if (typeOf(message) !== "B") return [];
  const statement = message.indexOf(0, 5) + 1;
  let at = message.indexOf(0, statement) + 1;
  at += 2 + 2 * message.readUInt16BE(at);
  const texts: string[] = [];
  for (let left = message.readUInt16BE(at); left > 0; left--) {
    const length = message.readInt32BE(at + 2);
    if (length >= 0) texts.push(message.toString("utf8", at + 6, at + 6 + length));
    at += 4 + Math.max(0, length);
  }
  return texts;
};

/**
 * Gives a client's named prepared statements a prefix of its own, since all clients share one
 * session. Unnamed statements are used at once and need none.
 */
export const prefixStatement = (message: Buffer, prefix: string): Buffer => {
  const at = statementNameAt(message);
  if (at === undefined || message[at] === 0) return message;
  const renamed = Buffer.concat([
    message.subarray(0, at),
    Buffer.from(prefix),
    message.subarray(at),
  ]);
  renamed.writeInt32BE(renamed.length - 1, 1);
  return renamed;
};

const statementNameAt = (message: Buffer): number | undefined => {
  switch (typeOf(message)) {
    case "P":
      return 5;
    case "B":
      return message.indexOf(0, 5) + 1;
    case "D":
    case "C":
      return message[5] === "S".charCodeAt(0) ? 6 : undefined;
    default:
      return undefined;
  }
};
