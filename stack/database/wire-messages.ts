// Frontend messages of PostgreSQL's protocol 3.0:
// https://www.postgresql.org/docs/current/protocol-message-formats.html

/** Cuts a byte stream into whole messages. */
export class MessageReader {
  #buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): void {
    this.#buffer =
      this.#buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffer, chunk]);
  }

  /** The next whole message; start-up messages have no type byte. */
  next(isStartup: boolean): Uint8Array | undefined {
    const header = isStartup ? 0 : 1;
    if (this.#buffer.length < header + 4) return undefined;
    const length = header + this.#buffer.readInt32BE(header);
    if (this.#buffer.length < length) return undefined;
    const message = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return message;
  }
}

const cancelRequest = 80877102;
const sslRequest = 80877103;
const gssRequest = 80877104;

export const startupParameters = (
  message: Uint8Array,
): Map<string, string> | "encryption" | "cancel" => {
  const bytes = Buffer.from(message);
  const version = bytes.readInt32BE(4);
  if (version === sslRequest || version === gssRequest) return "encryption";
  if (version === cancelRequest) return "cancel";
  const words = bytes.subarray(8).toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    parameters.set(words[index] ?? "", words[index + 1] ?? "");
  }
  return parameters;
};

/**
 * Gives a client's named prepared statements a prefix of its own, since all clients share one
 * session. Unnamed statements are used at once and need none.
 */
export const prefixStatement = (message: Uint8Array, prefix: string): Uint8Array => {
  const bytes = Buffer.from(message);
  const at = statementNameAt(bytes);
  if (at === undefined || bytes[at] === 0) return message;
  const renamed = Buffer.concat([bytes.subarray(0, at), Buffer.from(prefix), bytes.subarray(at)]);
  renamed.writeInt32BE(renamed.length - 1, 1);
  return renamed;
};

const statementNameAt = (bytes: Buffer): number | undefined => {
  switch (String.fromCharCode(bytes[0] ?? 0)) {
    case "P":
      return 5;
    case "B":
      return bytes.indexOf(0, 5) + 1;
    case "D":
    case "C":
      return bytes[5] === "S".charCodeAt(0) ? 6 : undefined;
    default:
      return undefined;
  }
};
