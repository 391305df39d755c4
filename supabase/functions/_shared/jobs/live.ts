import { z } from "zod";
import { Job } from "../contracts/index.ts";
import { connect, type Database } from "../database.ts";
import { type EnvironmentSource, stripeEnvironment, supabaseEnvironment } from "../env.ts";
import { paymentCommands } from "../payments/payment-commands.ts";
import { stripeClient } from "../payments/stripe-client.ts";
import { stripeProvider } from "../payments/stripe-provider.ts";
import type { RunJobsPorts, WorkerPorts } from "./run-jobs.ts";

/** The worker's ports, for every function that starts it. */
export const liveWorker = (source: EnvironmentSource, { service }: Database): WorkerPorts => ({
  ...paymentCommands(service),
  provider: stripeProvider(stripeClient(stripeEnvironment(source))),
  claimJobs: (max, visibilitySeconds) =>
    service("claim_jobs", { max, visibility_seconds: visibilitySeconds }, z.array(Job)),
  completeJob: async (id) => {
    await service("complete_job", { msg_id: id }, z.boolean());
  },
  failJob: async (id, error) => {
    await service("fail_job", { msg_id: id, error }, z.unknown());
  },
  now: () => performance.now(),
});

export const live = (source: EnvironmentSource): RunJobsPorts => {
  const supabase = supabaseEnvironment(source);
  return { ...liveWorker(source, connect(supabase)), serviceKeys: supabase.serviceKeys };
};
