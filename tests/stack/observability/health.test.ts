import { expect, test } from "vitest";
import { createHealth } from "../../../stack/observability/health.ts";
import { createMetrics } from "../../../stack/observability/metrics.ts";
import { createOperations } from "../../../stack/observability/operations.ts";

const metrics = createMetrics({
  databaseSeconds: async () => 0.25,
  cache: async () => ({ hits: 900, reads: 100 }),
  queues: async () => [{ name: "jobs", length: 7 }],
  realtime: () => ({ connections: 3, channels: 5, messages: 70 }),
  functions: () => ({ workers: 2, restarts: 1 }),
});

const operationsWith = (checks: Parameters<typeof createHealth>[0]) =>
  createOperations({ health: createHealth(checks, 50), metrics, secretKey: "sb_secret_x" });

const get = (path: string) => new Request(`http://stack${path}`);

test("what is wrong is named, and answered with 503, while the process counts as alive", async () => {
  const operations = operationsWith({
    database: () => Promise.reject(new Error("the disk is full")),
    functions: () => new Promise(() => undefined),
    realtime: () => undefined,
  });
  const answer = await operations(get("/health"));
  expect(answer.status).toBe(503);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.json()).toEqual({
    status: "unavailable",
    components: {
      database: { status: "unavailable", reason: "the disk is full" },
      functions: { status: "unavailable", reason: "no answer within 0.05 s" },
      realtime: { status: "ok" },
    },
  });
  expect((await operations(get("/health/live"))).status).toBe(200);
});

test("parts are not asked more often than twice a second, however often health is", async () => {
  let asked = 0;
  const operations = operationsWith({ database: () => void asked++ });
  await Promise.all(Array.from({ length: 50 }, () => operations(get("/health"))));
  expect(asked).toBe(1);
});

test("only what exists is served, and only with GET", async () => {
  const operations = operationsWith({});
  expect((await operations(get("/healthy"))).status).toBe(404);
  const post = new Request("http://stack/health", { method: "POST", body: "x" });
  const refused = await operations(post);
  expect(refused.status).toBe(405);
  expect(refused.headers.get("allow")).toBe("GET, HEAD");
});

test("figures of the services are asked for when they are read, counters as such", async () => {
  const text = await metrics.text();
  expect(text).toContain("supamarket_database_statement_seconds 0.25");
  expect(text).toContain("supamarket_database_cache_hits_total 900");
  expect(text).toContain("supamarket_database_cache_reads_total 100");
  expect(text).toContain('supamarket_queue_messages{queue="jobs"} 7');
  expect(text).toContain("supamarket_realtime_channels 5");
  expect(text).toContain("# TYPE supamarket_realtime_messages_total counter");
  expect(text).toContain("supamarket_realtime_messages_total 70");
  expect(text).toContain("supamarket_functions_restarts_total 1");
});
