import { z } from "zod";
import { Instant } from "./common.ts";

/** Answer of `job_status`. */
export const JobStatus = z.object({
  queued: z.int(),
  in_flight: z.int(),
  delayed: z.int(),
  /** Age of the oldest job; null when there is none. */
  oldest_seconds: z.number().nullable(),
  dead: z.int(),
  /** The latest 50. */
  dead_jobs: z.array(
    z.object({
      id: z.int(),
      kind: z.string(),
      payload: z.unknown(),
      attempts: z.int(),
      error: z.string().nullable(),
      died_at: Instant,
    }),
  ),
});
export type JobStatus = z.infer<typeof JobStatus>;

/** Body of `POST jobs`; an empty body will do. */
export const RunJobsInput = z
  .strictObject({
    /** Most jobs to do in this run. */
    max: z.int().min(1).max(1000).optional(),
  })
  .prefault({});
export type RunJobsInput = z.infer<typeof RunJobsInput>;

/** A row of `claim_jobs`. */
export const Job = z.object({
  msg_id: z.int(),
  kind: z.string(),
  payload: z.unknown(),
  /** 1 is the first try. */
  attempts: z.int(),
});
export type Job = z.infer<typeof Job>;

/** Answer of `POST jobs`. */
export const JobsRun = z.object({ completed: z.int(), failed: z.int() });
export type JobsRun = z.infer<typeof JobsRun>;
