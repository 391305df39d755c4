import { z } from "zod";
import type { Database } from "../database/database.ts";
import { type Broadcast, envelope, parseJson } from "./protocol.ts";
import type { Topic } from "./topics.ts";

export interface DatabaseBroadcastPorts {
  database: Database;
  publish(topic: Topic, broadcast: Broadcast): void;
  log(message: string): void;
}

/** The first line of a notification: all but the payload, or the id of a message to be fetched. */
const Head = z.union([
  z.strictObject({ id: z.uuid(), topic: z.string(), event: z.string(), private: z.boolean() }),
  z.strictObject({ id: z.uuid() }),
]);

const Stored = z.object({
  id: z.uuid(),
  topic: z.string(),
  event: z.string(),
  private: z.boolean(),
  /** JSON text. */
  payload: z.string().nullable(),
  /** Base64. */
  binary_payload: z.string().nullable(),
});

const fetchStored = `
  select
    m.id, m.topic, m.event, m.private, m.payload::text as payload,
    encode(m.binary_payload, 'base64') as binary_payload
  from realtime.messages m
  where m.id in (select i::uuid from jsonb_array_elements_text($1::text::jsonb) as i)`;

type Notice = z.infer<typeof Head> & { payload: string };

/**
 * Publishes what `realtime.send` and `realtime.broadcast_changes` write, in commit order: a message
 * too long for its notification is fetched before anything that came after it goes out.
 * Resolves when listening, to a function that ends it.
 */
export const publishDatabaseBroadcasts = async ({
  database,
  publish,
  log,
}: DatabaseBroadcastPorts): Promise<() => Promise<void>> => {
  let backlog: Notice[] = [];
  let working: Promise<void> | undefined;

  const fetched = async (ids: readonly string[]): Promise<z.infer<typeof Stored>[]> => {
    if (ids.length === 0) return [];
    try {
      return z.array(Stored).parse((await database.query(fetchStored, [JSON.stringify(ids)])).rows);
    } catch (error) {
      log(`Realtime could not fetch ${ids.length} messages: ${error}`);
      return [];
    }
  };

  const publishBatch = async (notices: readonly Notice[]) => {
    const long = notices.filter((notice) => !("topic" in notice)).map((notice) => notice.id);
    const found = new Map((await fetched(long)).map((row) => [row.id, row]));
    for (const notice of notices) {
      if ("topic" in notice) publishInline(notice.topic, notice);
      else publishStored(found.get(notice.id));
    }
  };

  const publishInline = (name: string, notice: Extract<Notice, { topic: string }>) =>
    publish(
      { name, private: notice.private },
      envelope(notice.event, notice.payload, metaOf(notice.id)),
    );

  const publishStored = (row: z.infer<typeof Stored> | undefined) => {
    // Not fetched, or deleted meanwhile: whoever deleted it took the message back.
    if (!row) return;
    const topic = { name: row.topic, private: row.private };
    const meta = metaOf(row.id);
    if (row.binary_payload !== null) {
      const body = Buffer.from(row.binary_payload, "base64");
      publish(topic, { kind: "user", event: row.event, encoding: "binary", body, meta });
    } else if (row.payload !== null) {
      publish(topic, envelope(row.event, row.payload, meta));
    }
  };

  const work = async () => {
    while (backlog.length > 0) {
      const notices = backlog;
      backlog = [];
      await publishBatch(notices);
    }
    working = undefined;
  };

  const unlisten = await database.listen("realtime_messages", (notification) => {
    const end = notification.indexOf("\n");
    const head = Head.safeParse(parseJson(end < 0 ? notification : notification.slice(0, end)));
    if (!head.success) return log(`Realtime got a notification it cannot read: ${head.error}`);
    const notice = { ...head.data, payload: notification.slice(end + 1) };
    if (!working && "topic" in notice) publishInline(notice.topic, notice);
    else {
      backlog.push(notice);
      working ??= work();
    }
  });

  return async () => {
    await unlisten();
    await working;
  };
};

const metaOf = (id: string) => `{"id":"${id}"}`;

const hour = 60 * 60 * 1000;

/** Makes the partitions of the coming days and drops old ones, now and every hour. */
export const maintainMessages = async (
  database: Database,
  log: (message: string) => void,
): Promise<() => void> => {
  const maintain = async () => {
    try {
      await database.transaction((session) => session.exec("select realtime.maintain_messages()"), {
        lock_timeout: "2s",
      });
    } catch (error) {
      // The next hour does it; until then rows land in the default partition.
      log(`Realtime could not maintain the partitions of realtime.messages: ${error}`);
    }
  };
  await maintain();
  const timer = setInterval(() => void maintain(), hour);
  timer.unref();
  return () => clearInterval(timer);
};
