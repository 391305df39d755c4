import { Refund } from "../contracts/index.ts";
import { connect } from "../database.ts";
import { type EnvironmentSource, supabaseEnvironment } from "../env.ts";
import { liveWorker } from "../jobs/live.ts";
import { runJobs } from "../jobs/run-jobs.ts";
import type { RequestRefundPorts } from "./request-refund.ts";

/** `waitUntil` keeps the function alive for work that the answer does not wait for. */
export const live = (
  source: EnvironmentSource,
  waitUntil: (work: Promise<unknown>) => void,
): RequestRefundPorts => {
  const database = connect(supabaseEnvironment(source));
  const worker = liveWorker(source, database);
  return {
    requestRefund: (input, authorization) =>
      database.as(authorization)("request_refund", { ...input }, Refund),
    runJobsSoon: () => waitUntil(runJobs(worker)),
  };
};
