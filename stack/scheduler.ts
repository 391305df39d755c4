import { z } from "zod";
import type { Database } from "./database/database.ts";
import { cronMatches } from "./scheduler-cron.ts";

export interface SchedulerPorts {
  database: Database;
  /** Sends what SQL put into `net.http_request_queue`. */
  fetch(request: Request): Promise<Response>;
  log(message: string): void;
}

const Job = z.object({ jobname: z.string(), schedule: z.string(), command: z.string() });
const QueuedRequest = z.object({
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.unknown(),
  timeout_milliseconds: z.number(),
});

/** Does what pg_cron and pg_net do on Supabase: runs `cron.job` rows, sends queued requests. */
export const startScheduler = async ({ database, fetch, log }: SchedulerPorts) => {
  let stopped = false;
  let running: Promise<unknown> = Promise.resolve();

  const runDue = async (now: Date) => {
    const { rows } = await database.query(
      "select jobname, schedule, command from cron.job where active",
    );
    for (const job of z.array(Job).parse(rows)) {
      if (stopped || !cronMatches(job.schedule, now)) continue;
      await database
        .transaction((session) => session.exec(job.command), { role: "postgres" })
        .catch((error: Error) => log(`scheduled job ${job.jobname} failed: ${error.message}`));
    }
  };

  const send = async ({
    url,
    headers,
    body,
    timeout_milliseconds,
  }: z.infer<typeof QueuedRequest>) => {
    const signal = AbortSignal.timeout(timeout_milliseconds);
    try {
      const request = new Request(url, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        signal,
      });
      const response = await fetch(request);
      await response.arrayBuffer();
      if (!response.ok) log(`request from the database to ${url} was answered ${response.status}`);
    } catch (error) {
      log(
        `request from the database to ${url} failed: ${error instanceof Error ? error.message : error}`,
      );
    }
  };

  // Sent at most once, as pg_net does: rows are taken off the queue before they go out.
  const sendQueued = async () => {
    if (stopped) return;
    const { rows } = await database.query(
      "delete from net.http_request_queue returning url, headers, body, timeout_milliseconds",
    );
    // Many transactions ask for the same call at once; one carries all of them.
    const distinct = new Map(rows.map((row) => [JSON.stringify(row), row]));
    await Promise.all([...distinct.values()].map((row) => send(QueuedRequest.parse(row))));
  };

  const enqueue = (work: () => Promise<unknown>) => {
    running = running
      .then(work)
      .catch((error: Error) => stopped || log(`scheduler: ${error.message}`));
  };

  const unlisten = await database.listen("supabase_net", () => enqueue(sendQueued));
  let lastTick = Math.floor(Date.now() / 1000);
  const timer = setInterval(() => {
    const now = Math.floor(Date.now() / 1000);
    for (let second = lastTick + 1; second <= now; second++) {
      enqueue(() => runDue(new Date(second * 1000)));
    }
    lastTick = now;
  }, 1000);

  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await unlisten();
      await running;
    },
  };
};
