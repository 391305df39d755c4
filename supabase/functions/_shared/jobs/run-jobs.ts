import { type Job, type JobsRun, RunJobsInput } from "../contracts/index.ts";
import { endpoint } from "../http.ts";
import { Problem } from "../problems.ts";
import { type JobHandlerPorts, jobHandlers } from "./job-handlers.ts";
import { requireServiceKey } from "./service-key.ts";

export interface WorkerPorts extends JobHandlerPorts {
  claimJobs(max: number, visibilitySeconds: number): Promise<Job[]>;
  completeJob(id: number): Promise<void>;
  failJob(id: number, error: string): Promise<void>;
  /** Milliseconds, for the time a run may take. */
  now(): number;
}

export interface RunJobsPorts extends WorkerPorts {
  serviceKeys: readonly string[];
}

const batch = 10;
/** Longer than a batch takes even when its provider times out on every job. */
const visibilitySeconds = 300;
/** Within the wall limit of a function; what is left is for the next run. */
const runMilliseconds = 50_000;

/** `POST jobs`: does what is queued. Called by the database after commit, and by the schedule. */
export const createRunJobs = (ports: RunJobsPorts) =>
  endpoint({ method: "POST", body: RunJobsInput }, async ({ max }, context) => {
    await requireServiceKey(context, ports.serviceKeys);
    return await runJobs(ports, max);
  });

/** Does queued jobs until none is left, `max` are done, or the time is up. */
export const runJobs = async (ports: WorkerPorts, max = 1000): Promise<JobsRun> => {
  const handlers = jobHandlers(ports);
  const until = ports.now() + runMilliseconds;
  const run = { completed: 0, failed: 0 };
  let left = max;
  while (left > 0 && ports.now() < until) {
    const jobs = await ports.claimJobs(Math.min(batch, left), visibilitySeconds);
    if (jobs.length === 0) break;
    left -= jobs.length;
    // A job whose failure cannot even be recorded comes back by itself when its claim runs out.
    const results = await Promise.allSettled(jobs.map((job) => runJob(ports, handlers, job)));
    for (const result of results) {
      run[result.status === "fulfilled" && result.value ? "completed" : "failed"] += 1;
    }
  }
  return run;
};

/** One job; its failure is recorded with it and never touches the others. */
const runJob = async (
  ports: WorkerPorts,
  handlers: ReturnType<typeof jobHandlers>,
  job: Job,
): Promise<boolean> => {
  try {
    const handler = Object.hasOwn(handlers, job.kind) ? handlers[job.kind] : undefined;
    if (!handler) throw new Error(`There is no worker for jobs of kind ${job.kind}.`);
    await handler(job.payload);
    await ports.completeJob(job.msg_id);
    return true;
  } catch (error) {
    await ports.failJob(job.msg_id, describe(error));
    return false;
  }
};

const describe = (error: unknown): string => {
  const cause = error instanceof Problem && error.cause ? `: ${message(error.cause)}` : "";
  return `${message(error)}${cause}`.slice(0, 2000);
};

const message = (error: unknown): string => {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : JSON.stringify(error);
};
