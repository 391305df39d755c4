import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { z } from "zod";
import type { Database } from "../database/database.ts";
import { createHealth } from "./health.ts";
import { createMetrics, type Metrics, type MetricsSources } from "./metrics.ts";
import { createOperations } from "./operations.ts";

export interface ObservabilityPorts
  extends Omit<MetricsSources, "databaseSeconds" | "cache" | "queues"> {
  database: Database;
  /** Where files are kept; absent: in memory. */
  dataDir: string | undefined;
  secretKey: string;
}

export interface Observability {
  metrics: Metrics;
  /** Serves `/health` and `/metrics`. */
  operations(request: Request): Promise<Response>;
}

/** What operators see of a running stack: whether its parts work, and its figures. */
export const createObservability = (ports: ObservabilityPorts): Observability => {
  const { database, dataDir, realtime, functions } = ports;
  const metrics = createMetrics({
    databaseSeconds: async () => {
      const began = performance.now();
      await database.query("select 1");
      return (performance.now() - began) / 1000;
    },
    cache: () => cacheOf(database),
    queues: () => queuesOf(database),
    realtime,
    functions,
  });
  const health = createHealth({
    database: () => database.query("select 1"),
    functions,
    realtime,
    storage: () => dataDir && access(dataDir, constants.W_OK),
  });
  return { metrics, operations: createOperations({ health, metrics, secretKey: ports.secretKey }) };
};

const Cache = z.object({ hits: z.coerce.number(), reads: z.coerce.number() });

const cacheOf = async (database: Database): Promise<z.infer<typeof Cache>> => {
  const { rows } = await database.query(
    "select blks_hit as hits, blks_read as reads from pg_catalog.pg_stat_database " +
      "where datname = current_database()",
  );
  return Cache.parse(rows[0]);
};

const Queue = z.object({ name: z.string(), length: z.coerce.number() });

/** Their lengths; none where the project does not use pgmq. */
const queuesOf = async (database: Database): Promise<z.infer<typeof Queue>[]> => {
  const { rows: found } = await database.query(
    "select 1 from pg_catalog.pg_proc p where p.oid = to_regprocedure('pgmq.metrics_all()')",
  );
  if (found.length === 0) return [];
  const { rows } = await database.query(
    "select queue_name as name, queue_length as length from pgmq.metrics_all()",
  );
  return z.array(Queue).parse(rows);
};
