import { createClient } from "@supabase/supabase-js";
import { type EnvironmentSource, supabaseEnvironment } from "../env.ts";
import type { HealthPorts } from "./health.ts";

export const live = (source: EnvironmentSource): HealthPorts => {
  const { url, publishableKey } = supabaseEnvironment(source);
  const client = createClient(url, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  return {
    readShop: async () => {
      const { error } = await client
        .from("shop_settings")
        .select("currency")
        .limit(1)
        .abortSignal(AbortSignal.timeout(5_000));
      if (error) throw error;
    },
  };
};
