import { live } from "../_shared/jobs/live.ts";
import { createRunJobs } from "../_shared/jobs/run-jobs.ts";

Deno.serve(createRunJobs(live(Deno.env.toObject())));
