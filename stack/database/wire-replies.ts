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
  /** The reply without notifications, which belong to other listeners of the shared session. */
  data: Uint8Array;
  /** Transaction state of the last ReadyForQuery: idle, in a transaction, failed. */
  ready: string | undefined;
  settingsChanged: boolean;
}

export const inspect = (bytes: Uint8Array): Inspected => {
  const data = Buffer.from(bytes);
  const kept: Uint8Array[] = [];
  let ready: string | undefined;
  let settingsChanged = false;
  for (let at = 0; at + 5 <= data.length; ) {
    const end = at + 1 + data.readInt32BE(at + 1);
    const type = String.fromCharCode(data[at] ?? 0);
    if (type === "Z") ready = String.fromCharCode(data[at + 5] ?? 0);
    if (type === "C" && /^(SET|RESET|DISCARD)/.test(data.toString("latin1", at + 5, end - 1))) {
      settingsChanged = true;
    }
    if (type !== "A") kept.push(data.subarray(at, end));
    at = end;
  }
  return { data: Buffer.concat(kept), ready, settingsChanged };
};
