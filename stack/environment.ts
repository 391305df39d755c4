import type { Stack } from "./stack.ts";

/** The variables that Supabase gives every Edge Function. */
export const supabaseEnvironment = (
  urls: Pick<Stack["urls"], "api" | "database">,
  keys: Stack["keys"],
): Record<string, string> => ({
  SUPABASE_URL: urls.api,
  SUPABASE_DB_URL: urls.database,
  SUPABASE_ANON_KEY: keys.anon,
  SUPABASE_SERVICE_ROLE_KEY: keys.serviceRole,
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishable }),
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret }),
});

/** Known to everybody; they open nothing but a sandbox. */
export const stripeSandboxKeys = {
  secret: "sk_test_sandbox",
  webhook: "whsec_sandbox",
} as const;

/** What makes the payment SDK talk to the sandbox; real keys in the environment take its place. */
export const stripeEnvironment = (
  sandboxUrl: string,
  environment: NodeJS.ProcessEnv,
): Record<string, string> => {
  const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET = "" } = environment;
  if (STRIPE_SECRET_KEY) return { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET };
  return {
    STRIPE_SECRET_KEY: stripeSandboxKeys.secret,
    STRIPE_WEBHOOK_SECRET: stripeSandboxKeys.webhook,
    STRIPE_API_URL: sandboxUrl,
  };
};
