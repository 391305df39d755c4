import { z } from "zod";
import type { Database } from "../database/database.ts";
import { broadcastOf, StoredBroadcast } from "./history.ts";
import type { Announcement } from "./outbox.ts";
import type { Topics } from "./topics.ts";

export interface DatabaseBroadcastPorts {
  database: Database;
  topics: Topics;
}

const Stored = StoredBroadcast.extend({ topic: z.string(), private: z.boolean() });
type Stored = z.infer<typeof Stored>;

/** Messages fetched in one go: a payload may be of megabytes. */
const atOnce = 100;

/**
 * Publishes what `realtime.send` and `realtime.broadcast_changes` wrote, in the order given; what
 * nobody listens to is not even fetched.
 */
export const createDatabaseBroadcasts = ({ database, topics }: DatabaseBroadcastPorts) => {
  const fetched = async (announced: readonly Announcement[]): Promise<Map<string, Stored>> => {
    const keys = announced.map(({ id, inserted_at }) => ({ id, inserted_at }));
    const { rows } = await database.query(
      "select * from realtime.stored_messages($1::text::jsonb)",
      [JSON.stringify(keys)],
    );
    return new Map(
      z
        .array(Stored)
        .parse(rows)
        .map((row) => [row.id, row]),
    );
  };

  const publish = ({ topic: name, private: isPrivate, ...stored }: Stored) => {
    const broadcast = broadcastOf(stored);
    const { id } = stored;
    if (broadcast) topics.publish({ name, private: isPrivate }, broadcast, { id });
  };

  return async (announced: readonly Announcement[]): Promise<void> => {
    const heard = announced.filter(({ topic, private: isPrivate }) =>
      topics.has({ name: topic, private: isPrivate }),
    );
    for (let first = 0; first < heard.length; first += atOnce) {
      const part = heard.slice(first, first + atOnce);
      const stored = await fetched(part);
      for (const { id } of part) {
        const row = stored.get(id);
        // Whoever deleted it meanwhile took the message back.
        if (row) publish(row);
      }
    }
  };
};

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
