import { z } from "zod";

export type EnvironmentSource = Record<string, string | undefined>;

const NamedKeys = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("must be a JSON object of names and keys");
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.string().min(1)));

const SupabaseVariables = z.object({
  SUPABASE_URL: z.url({ protocol: /^https?$/ }),
  SUPABASE_PUBLISHABLE_KEYS: NamedKeys.optional(),
  SUPABASE_SECRET_KEYS: NamedKeys.optional(),
  SUPABASE_ANON_KEY: z.string().min(1).optional(),
  SUPABASE_SERVICE_ROLE_KEY: z.string().min(1).optional(),
});

export interface SupabaseEnvironment {
  url: string;
  publishableKey: string;
  secretKey: string;
  /** Every key that stands for the service itself, for endpoints that only it may call. */
  serviceKeys: string[];
}

const StripeVariables = z.object({
  STRIPE_SECRET_KEY: z.string().regex(/^(sk|rk)_/, "must be a Stripe secret or restricted key"),
  STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_/, "must be a Stripe webhook signing secret"),
  STRIPE_API_URL: z.url({ protocol: /^https?$/ }).optional(),
});

export interface StripeEnvironment {
  secretKey: string;
  webhookSecret: string;
  /** The sandbox's address; absent: Stripe itself. */
  apiUrl: URL | undefined;
}

const CheckoutVariables = z.object({
  CHECKOUT_RETURN_ORIGINS: z.string().optional(),
  SITE_URL: z.url({ protocol: /^https?$/ }).optional(),
});

export interface CheckoutEnvironment {
  /** Origins that payment pages may send shoppers back to; empty: any. */
  returnOrigins: string[];
  /** Where shoppers return to when neither the request nor its `Origin` says so. */
  siteUrl: string | undefined;
}

/** The project's addresses and keys, named or legacy, as Supabase gives them to every function. */
export const supabaseEnvironment = (source: EnvironmentSource): SupabaseEnvironment => {
  const variables = read(SupabaseVariables, source);
  const secrets = variables.SUPABASE_SECRET_KEYS ?? {};
  const legacySecret = variables.SUPABASE_SERVICE_ROLE_KEY;
  const publishableKey = first(variables.SUPABASE_PUBLISHABLE_KEYS) ?? variables.SUPABASE_ANON_KEY;
  const secretKey = first(secrets) ?? legacySecret;
  if (!publishableKey) throw missing("SUPABASE_PUBLISHABLE_KEYS");
  if (!secretKey) throw missing("SUPABASE_SECRET_KEYS");
  return {
    url: variables.SUPABASE_URL,
    publishableKey,
    secretKey,
    serviceKeys: [...Object.values(secrets), ...(legacySecret ? [legacySecret] : [])],
  };
};

export const stripeEnvironment = (source: EnvironmentSource): StripeEnvironment => {
  const variables = read(StripeVariables, source);
  const apiUrl = variables.STRIPE_API_URL;
  if (apiUrl && /^(sk|rk)_live_/.test(variables.STRIPE_SECRET_KEY)) {
    throw new Error("STRIPE_API_URL names a sandbox, but STRIPE_SECRET_KEY is a live key.");
  }
  return {
    secretKey: variables.STRIPE_SECRET_KEY,
    webhookSecret: variables.STRIPE_WEBHOOK_SECRET,
    apiUrl: apiUrl ? new URL(apiUrl) : undefined,
  };
};

export const checkoutEnvironment = (source: EnvironmentSource): CheckoutEnvironment => {
  const variables = read(CheckoutVariables, source);
  const listed = (variables.CHECKOUT_RETURN_ORIGINS ?? "").split(",").map((part) => part.trim());
  return {
    returnOrigins: listed.filter((part) => part !== "").map((part) => new URL(part).origin),
    siteUrl: variables.SITE_URL,
  };
};

const first = (keys: Record<string, string> | undefined): string | undefined =>
  keys && (keys.default ?? Object.values(keys)[0]);

/** Empty variables count as absent, since that is how `.env` files leave them out. */
const read = <T>(schema: z.ZodType<T>, source: EnvironmentSource): T => {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const complaints = result.error.issues.map(
    (issue) => `${issue.path.join(".")}: ${issue.message}`,
  );
  throw new Error(`The environment is incomplete. ${complaints.join("; ")}`);
};

const missing = (name: string): Error =>
  new Error(`The environment is incomplete. ${name}: missing`);
