import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Database } from "../database/database.ts";

/** A message that was committed to `realtime.messages`. */
const Announcement = z.object({
  id: z.uuid(),
  /** A timestamp without zone, as PostgreSQL writes it in JSON. */
  inserted_at: z.string(),
  topic: z.string(),
  private: z.boolean(),
});
export type Announcement = z.infer<typeof Announcement>;

/** The place of a change to a published table. */
const Change = z.object({ position: z.int() });

const Fetched = z.object({
  snapshot: z.string(),
  announced: z.array(z.union([Announcement, Change])).nullable(),
});
const Snapshot = z.object({ snapshot: z.string() });

export interface OutboxPorts {
  database: Database;
  /** Gets the messages that were committed, in order; the next fetch waits for it. */
  announce(announced: readonly Announcement[]): Promise<void>;
  /** Gets the places of changes that were committed, in order. */
  changed(positions: readonly number[]): void;
  log(message: string): void;
}

/** The database's outbox, read while somebody attends to it. */
export interface Outbox {
  /** Resolves when everything that is committed from now on will be announced. */
  attend(): Promise<void>;
  /** Takes one `attend` back. */
  leave(): void;
  stop(): Promise<void>;
}

/** Milliseconds between looks at a native server; a session of it notifies nobody. */
const interval = 20;
const intervalAfterFailure = 1000;
/** A server that has not said for so long that it is there counts as gone, in seconds. */
const aliveFor = 90;
const sayAliveEvery = 30_000;

/**
 * Announces what `realtime.outbox` gets. PGlite tells us by NOTIFY that there is something; on a
 * native server a commit that notifies waits for all others that do, so there we look ourselves.
 */
export const openOutbox = async ({
  database,
  announce,
  changed,
  log,
}: OutboxPorts): Promise<Outbox> => {
  const id = randomUUID();
  const isWoken = database.kind === "pglite";
  let attending = 0;
  /** What was committed up to here has been announced; absent while nobody attends. */
  let since: Promise<string> | undefined;
  let working: Promise<void> | undefined;
  let isDue = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const sayAlive = async (done?: string): Promise<string> => {
    const { rows } = await database.query(
      "select realtime.keep_server($1::uuid, $2::boolean, $3::integer, $4::text) as snapshot",
      [id, isWoken, aliveFor, done],
    );
    return Snapshot.parse(rows[0]).snapshot;
  };

  const fetchSince = async (snapshot: string) => {
    const { rows } = await database.query(
      "select snapshot, announced from realtime.outbox_since($1::text)",
      [snapshot],
    );
    return Fetched.parse(rows[0]);
  };

  const presentSnapshot = async (): Promise<string> =>
    Snapshot.parse((await database.query("select pg_current_snapshot()::text as snapshot")).rows[0])
      .snapshot;

  const look = async (): Promise<void> => {
    const from = since;
    if (!from) return;
    const { snapshot, announced } = await fetchSince(await from);
    // Nobody attends any more, or somebody does anew, from a later snapshot.
    if (since !== from) return;
    since = Promise.resolve(snapshot);
    if (!announced) return;
    changed(announced.flatMap((each) => ("position" in each ? [each.position] : [])));
    await announce(announced.filter((each) => "id" in each));
  };

  const work = async (): Promise<void> => {
    let wait = interval;
    while (isDue) {
      isDue = false;
      try {
        await look();
        wait = interval;
      } catch (error) {
        if (!stopped && wait === interval) log(`Realtime could not fetch broadcasts: ${error}`);
        wait = intervalAfterFailure;
      }
    }
    working = undefined;
    if (since && !stopped && (!isWoken || wait === intervalAfterFailure)) {
      timer = setTimeout(wake, wait);
      timer.unref();
    }
  };

  const wake = () => {
    if (stopped || !since) return;
    clearTimeout(timer);
    isDue = true;
    working ??= work();
  };

  let done = await sayAlive();
  const keeper = setInterval(() => {
    sayAlive(done).then(
      (snapshot) => {
        done = snapshot;
      },
      (error) => log(`Realtime could not say that it is listening: ${error}`),
    );
  }, sayAliveEvery);
  keeper.unref();
  const unlisten = isWoken ? await database.listen("realtime_outbox", wake) : async () => undefined;

  return {
    attend: async () => {
      attending += 1;
      since ??= presentSnapshot();
      const own = since;
      try {
        await own;
      } catch (error) {
        if (since === own) since = undefined;
        throw error;
      } finally {
        wake();
      }
    },
    leave: () => {
      attending -= 1;
      if (attending > 0) return;
      since = undefined;
      clearTimeout(timer);
    },
    stop: async () => {
      stopped = true;
      since = undefined;
      clearInterval(keeper);
      clearTimeout(timer);
      await unlisten();
      await working;
      await database.query("delete from realtime.servers s where s.id = $1::uuid", [id]);
    },
  };
};
