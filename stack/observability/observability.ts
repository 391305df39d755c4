import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Database } from "../database/database.ts";
import { createHealth } from "./health.ts";
import { createMetrics, type Metrics, type MetricsSources } from "./metrics.ts";
import { createOperations } from "./operations.ts";

export interface ObservabilityPorts extends Omit<MetricsSources, "databaseSeconds"> {
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
