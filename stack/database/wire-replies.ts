// Backend messages of PostgreSQL's protocol 3.0.

const message = (type: string, ...parts: (string | Uint8Array)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const passwordWanted = () => message("R", int32(3));

export const fatal = (sqlState: string, text: string) =>
  message("E", `SFATAL\0VFATAL\0C${sqlState}\0M${text}\0\0`);

export const failure = (sqlState: string, text: string) =>
  message("E", `SERROR\0VERROR\0C${sqlState}\0M${text}\0\0`);

export const readyWhenIdle = () => message("Z", "I");

/** Asks for the data of a `copy … from stdin`; the columns are the client's own affair. */
export const copyWanted = (isBinary: boolean) =>
  message("G", Uint8Array.of(isBinary ? 1 : 0, 0, 0));

export const notification = (channel: string, payload: string) =>
  message("A", int32(0), `${channel}\0${payload}\0`);

export const welcome = (version: string, process: number, secret: number) =>
  Buffer.concat([
    message("R", int32(0)),
    ...Object.entries({
      server_version: version,
      server_encoding: "UTF8",
      client_encoding: "UTF8",
      DateStyle: "ISO, MDY",
      IntervalStyle: "postgres",
      TimeZone: "UTC",
      integer_datetimes: "on",
      standard_conforming_strings: "on",
      is_superuser: "off",
    }).map(([name, value]) => message("S", `${name}\0${value}\0`)),
    message("K", int32(process), int32(secret)),
    message("Z", "I"),
  ]);

export interface Inspected {
  /** The reply without what was said before or is said elsewhere: requests for data, notifications. */
  data: Buffer;
  /** Transaction state of the last ReadyForQuery: idle, in a transaction, failed. */
  ready: string | undefined;
  /** What was done: the first word of each command's tag. */
  commands: Set<string>;
}

export const inspect = (bytes: Uint8Array): Inspected => {
  const data = Buffer.from(bytes);
  const kept: Buffer[] = [];
  const commands = new Set<string>();
  let ready: string | undefined;
  for (let at = 0; at + 5 <= data.length; ) {
    const end = at + 1 + data.readInt32BE(at + 1);
    const type = String.fromCharCode(data[at] ?? 0);
    if (type === "Z") ready = String.fromCharCode(data[at + 5] ?? 0);
    if (type === "C") {
      commands.add(/^\w*/.exec(data.toString("latin1", at + 5, end - 1))?.[0] ?? "");
    }
    if (type !== "A" && type !== "G") kept.push(data.subarray(at, end));
    at = end;
  }
  return { data: Buffer.concat(kept), ready, commands };
};

/** Puts messages before the ReadyForQuery that ends the reply, where clients look for them. */
export const beforeReady = (reply: Buffer, messages: readonly Buffer[]): Buffer => {
  const ready = reply.length - readyWhenIdle().length;
  return Buffer.concat([reply.subarray(0, ready), ...messages, reply.subarray(ready)]);
};
