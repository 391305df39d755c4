import { z } from "zod";
import type { Database } from "../database/database.ts";
import { Refused } from "./access.ts";
import { type Broadcast, envelope } from "./protocol.ts";

/** A stored broadcast; its payload is JSON text or bytes, never both. */
export const StoredBroadcast = z.object({
  id: z.uuid(),
  event: z.string(),
  /** JSON text. */
  payload: z.string().nullable(),
  /** Base64. */
  binary_payload: z.string().nullable(),
});
export type StoredBroadcast = z.infer<typeof StoredBroadcast>;

/** As it is sent to subscribers; null when it has no payload at all. */
export const broadcastOf = (
  { id, event, payload, binary_payload }: StoredBroadcast,
  more: Record<string, unknown> = {},
): Broadcast | null => {
  const meta = JSON.stringify({ ...more, id });
  if (binary_payload !== null) {
    const body = Buffer.from(binary_payload, "base64");
    return { kind: "user", event, encoding: "binary", body, meta };
  }
  return payload === null ? null : envelope(event, payload, meta);
};

/** What a client wants to hear again when it joins. */
export interface Replay {
  /** Milliseconds since the epoch. */
  since: number;
  limit: number;
}

/** More are never replayed, as on Supabase. */
const maximumReplayed = 25;

const Params = z.object({
  since: z.int().nullish(),
  limit: z.int().nullish(),
});

/** Reads `config.broadcast.replay`; throws `Refused`. */
export const readReplay = (params: unknown, isPrivate: boolean): Replay | undefined => {
  if (params === undefined || params === null) return undefined;
  if (!isPrivate) throw refusal("Replay is not allowed for public channels");
  const { data } = Params.safeParse(params);
  if (!data) throw refusal("Replay params are not valid");
  const limit = Math.max(1, Math.min(data.limit ?? 10, maximumReplayed));
  return { since: data.since ?? 0, limit };
};

const newest = `
  select
    m.id, m.event, m.payload::text as payload, encode(m.binary_payload, 'base64') as binary_payload
  from realtime.messages m
  where m.topic = $1 and m.private and m.extension = 'broadcast' and m.event is not null
    and m.inserted_at >= to_timestamp($2::float8 / 1000) at time zone 'utc'
  order by m.inserted_at desc
  limit $3`;

/** The last messages of a private topic, oldest first; rejects with `Refused`. */
export const replayed = async (
  database: Database,
  topic: string,
  { since, limit }: Replay,
): Promise<StoredBroadcast[]> => {
  try {
    const { rows } = await database.query(newest, [topic, since, limit]);
    return z.array(StoredBroadcast).parse(rows).reverse();
  } catch {
    throw refusal("Realtime was unable to replay messages");
  }
};

const refusal = (message: string) => new Refused("UnableToReplayMessages", message);
