import { isUtf8 } from "node:buffer";
import { z } from "zod";

/** Serializer of the Phoenix protocol that a client asks for with `?vsn=`. */
export type Version = "1.0.0" | "2.0.0";

export const isVersion = (value: string): value is Version =>
  value === "1.0.0" || value === "2.0.0";

const Ref = z.union([z.string(), z.number()]).nullish();
const Payload = z.record(z.string(), z.unknown());

/** Joins a message with its reply, or with the join it belongs to; the client's choice. */
export type Ref = string | number | null;

/** A message to one client about one topic, as it was joined (`realtime:…`). */
export interface Message {
  joinRef: Ref;
  ref: Ref;
  topic: string;
  event: string;
  payload: Record<string, unknown>;
}

/** A message from a client. A broadcast sent in a binary frame has `broadcast` and no payload. */
export interface Incoming extends Message {
  broadcast?: UserBroadcast;
}

/** A broadcast as version 2 clients send and get it: in a binary frame, its payload untouched. */
export interface UserBroadcast {
  kind: "user";
  event: string;
  encoding: "json" | "binary";
  /** JSON text or any bytes, as `encoding` says. */
  body: Buffer;
  /** JSON text. */
  meta?: string;
}

/** A broadcast whose whole payload is this JSON text: `{"type":"broadcast","event":…,"payload":…}`. */
export interface EnvelopeBroadcast {
  kind: "envelope";
  text: string;
}

export type Broadcast = UserBroadcast | EnvelopeBroadcast;

/** What goes over the socket. Text is bytes already, so that it can be sent to many sockets. */
export interface Frame {
  data: Buffer;
  binary: boolean;
}

const text = (json: string): Frame => ({ data: Buffer.from(json), binary: false });

/** An event to everybody who joined the topic; its payload is JSON text. */
export const encodeText = (
  version: Version,
  topic: string,
  event: string,
  payload: string,
): Frame => {
  const [to, name] = [JSON.stringify(topic), JSON.stringify(event)];
  return text(
    version === "1.0.0"
      ? `{"topic":${to},"event":${name},"payload":${payload},"ref":null}`
      : `[null,null,${to},${name},${payload}]`,
  );
};

export const encodeMessage = (version: Version, message: Message): Frame => {
  const { joinRef, ref, topic, event, payload } = message;
  return text(
    JSON.stringify(
      version === "1.0.0" ? { topic, event, payload, ref } : [joinRef, ref, topic, event, payload],
    ),
  );
};

/** The envelope of a broadcast from its parts; `payload` and `meta` are JSON text. */
export const envelope = (event: string, payload: string, meta?: string): EnvelopeBroadcast => ({
  kind: "envelope",
  text: `{"type":"broadcast","event":${JSON.stringify(event)},"payload":${payload}${
    meta ? `,"meta":${meta}` : ""
  }}`,
});

/** The frame of a broadcast, or null when this version has no form for it (bytes in version 1). */
export const encodeBroadcast = (
  version: Version,
  topic: string,
  broadcast: Broadcast,
): Frame | null => {
  if (broadcast.kind === "user") {
    const frame = version === "2.0.0" ? encodeUserBroadcast(topic, broadcast) : null;
    if (frame) return frame;
    if (broadcast.encoding === "binary") return null;
    return encodeBroadcast(
      version,
      topic,
      envelope(broadcast.event, broadcast.body.toString(), broadcast.meta),
    );
  }
  return encodeText(version, topic, "broadcast", broadcast.text);
};

const userBroadcastPush = 3;
const userBroadcast = 4;

/** Kind, four lengths or flags of a byte each, the strings, the payload; null when one is too long. */
const encodeUserBroadcast = (topic: string, broadcast: UserBroadcast): Frame | null => {
  const strings = [topic, broadcast.event, broadcast.meta ?? ""].map((part) => Buffer.from(part));
  const lengths = strings.map((part) => part.length);
  if (lengths.some((length) => length > 255)) return null;
  const encoding = broadcast.encoding === "json" ? 1 : 0;
  const header = Buffer.from([userBroadcast, ...lengths, encoding]);
  return { data: Buffer.concat([header, ...strings, broadcast.body]), binary: true };
};

const Version1 = z.object({
  topic: z.string(),
  event: z.string(),
  payload: Payload,
  ref: Ref,
  join_ref: Ref,
});

const Version2 = z
  .array(z.unknown())
  .min(5)
  .transform((parts) => parts.slice(0, 5))
  .pipe(z.tuple([Ref, Ref, z.string(), z.string(), Payload]));

/** A client's message, or null when the frame is none; Supabase ignores those and so do we. */
export const decodeMessage = (version: Version, data: Buffer, binary: boolean): Incoming | null => {
  if (binary) return version === "2.0.0" ? decodeUserBroadcastPush(data) : null;
  const json = parseJson(data.toString());
  if (version === "1.0.0") {
    const { data: message } = Version1.safeParse(json);
    if (!message) return null;
    const { topic, event, payload, ref, join_ref } = message;
    return { joinRef: join_ref ?? null, ref: ref ?? null, topic, event, payload };
  }
  const { data: message } = Version2.safeParse(json);
  if (!message) return null;
  const [joinRef, ref, topic, event, payload] = message;
  return { joinRef: joinRef ?? null, ref: ref ?? null, topic, event, payload };
};

const decodeUserBroadcastPush = (data: Buffer): Incoming | null => {
  if (data.length < 7 || data[0] !== userBroadcastPush) return null;
  let offset = 7;
  const [joinRef, ref, topic, event, meta] = [...data.subarray(1, 6)].map((length) => {
    const part = data.subarray(offset, offset + length);
    offset += length;
    return part;
  });
  if (!joinRef || !ref || !topic || !event || !meta || offset > data.length) return null;
  if (!isUtf8(data.subarray(7, offset))) return null;
  const body = data.subarray(offset);
  const encoding = data[6] === 0 ? "binary" : "json";
  // What is not JSON would otherwise break the decoder of everyone who gets it.
  if (encoding === "json" && parseJson(body) === undefined) return null;
  return {
    joinRef: joinRef.toString() || null,
    ref: ref.toString() || null,
    topic: topic.toString(),
    event: "broadcast",
    payload: {},
    broadcast: { kind: "user", event: event.toString(), encoding, body },
  };
};

/** The value of a JSON text, or undefined when it is none. */
export const parseJson = (source: string | Buffer): unknown => {
  if (typeof source !== "string" && !isUtf8(source)) return undefined;
  try {
    return JSON.parse(source.toString());
  } catch {
    return undefined;
  }
};
