import { z } from "zod";

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
