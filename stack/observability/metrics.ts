import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What the services count about themselves. */
export interface MetricsSources {
  /** Seconds that one statement takes now, its wait for a session included. */
  databaseSeconds(): Promise<number>;
  /** Pages that statements found in the database's cache, and those that they had to read. */
  cache(): Promise<{ hits: number; reads: number }>;
  /** Queues of pgmq, if there are any. */
  queues(): Promise<{ name: string; length: number }[]>;
  /** `messages`: sent and received since the start. */
  realtime(): { connections: number; channels: number; messages: number };
  /** `restarts`: workers that ended unasked since the start. */
  functions(): { workers: number; restarts: number };
}

export interface Metrics {
  /** A request is being answered. */
  began(): void;
  /** … and no longer is. */
  ended(): void;
  answered(service: string, method: string | undefined, status: number, seconds: number): void;
  limited(limit: string): void;
  watchConnections(count: () => number): void;
  readonly contentType: string;
  /** Prometheus' text format. */
  text(): Promise<string>;
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Counts what happens, cheaply; asks the services for their own figures only when it is read. */
export const createMetrics = (sources: MetricsSources): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const names = ["service", "method", "status"] as const;
  const durations = new Histogram({
    name: "supamarket_http_request_duration_seconds",
    help: "Time until an answer began; its count is the number of requests.",
    labelNames: names,
    buckets,
    registers,
  });
  const limited = new Counter({
    name: "supamarket_http_rate_limited_total",
    help: "Requests refused with 429 by the limit of an address, a user or a key.",
    labelNames: ["limit"],
    registers,
  });

  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });

  let inFlight = 0;
  let connections = () => 0;
  gauge("supamarket_http_requests_in_flight", "Requests being answered.", () => inFlight);
  gauge("supamarket_http_connections", "Open connections of the API port.", () => connections());
  gauge(
    "supamarket_database_statement_seconds",
    "Time of one empty statement now, its wait in the queue included.",
    sources.databaseSeconds,
  );
  counter(
    registry,
    "supamarket_database_cache_hits_total",
    "Pages found in the cache.",
    async () => {
      return (await sources.cache()).hits;
    },
  );
  counter(
    registry,
    "supamarket_database_cache_reads_total",
    "Pages read into the cache.",
    async () => {
      return (await sources.cache()).reads;
    },
  );
  new Gauge({
    name: "supamarket_queue_messages",
    help: "Messages that wait in a queue, invisible ones included.",
    labelNames: ["queue"],
    registers,
    async collect() {
      this.reset();
      for (const { name, length } of await sources.queues()) this.set({ queue: name }, length);
    },
  });
  const { realtime, functions } = sources;
  gauge("supamarket_realtime_connections", "Open sockets.", () => realtime().connections);
  gauge("supamarket_realtime_channels", "Joined channels.", () => realtime().channels);
  gauge("supamarket_functions_workers", "Function processes.", () => functions().workers);
  counter(registry, "supamarket_realtime_messages_total", "Messages in and out.", () => {
    return realtime().messages;
  });
  counter(
    registry,
    "supamarket_functions_restarts_total",
    "Function processes that ended unasked.",
    () => functions().restarts,
  );

  let delay: IntervalHistogram | undefined;
  gauge("nodejs_eventloop_lag_p99_seconds", "Since it was read last.", () => {
    // Measured only where somebody reads it: it wakes the process twenty times a second.
    const lag = delay ? delay.percentile(99) / 1e9 : 0;
    delay ??= monitorEventLoopDelay({ resolution: 50 });
    delay.enable();
    delay.reset();
    return Math.max(0, lag - 0.05);
  });
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  gauge("nodejs_heap_size_used_bytes", "Heap in use.", () => process.memoryUsage().heapUsed);
  gauge("process_uptime_seconds", "Since the process started.", () => process.uptime());
  counter(registry, "process_cpu_seconds_total", "User and system time.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });

  const children = new Map<string, { observe(seconds: number): void }>();

  return {
    began: () => {
      inFlight += 1;
    },
    ended: () => {
      inFlight -= 1;
    },
    answered: (service, given, status, seconds) => {
      const method = given && methods.has(given) ? given : "other";
      const key = `${service} ${method} ${Math.floor(status / 100)}xx`;
      let child = children.get(key);
      if (!child) {
        child = durations.labels(service, method, `${Math.floor(status / 100)}xx`);
        children.set(key, child);
      }
      child.observe(seconds);
    },
    limited: (limit) => limited.inc({ limit }),
    watchConnections: (count) => {
      connections = count;
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
};

/** A counter whose value somebody else keeps. */
const counter = (
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>,
) =>
  new Counter({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await read();
      this.reset();
      this.inc(value);
    },
  });
