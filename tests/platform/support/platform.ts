import { inject } from "vitest";
import { clientAt } from "../../support/client.ts";

/** The Supabase that the platform suite runs against: a local stack, or whatever the environment names. */
export const platform = () => inject("platform");

export const publicClient = () => clientAt(platform().url, platform().publishableKey);

/** Acts as service_role: sees and does everything. */
export const serviceClient = () => clientAt(platform().url, platform().secretKey);
