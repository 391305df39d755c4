import { z } from "zod";

/** Where the project under test is and how to reach it; the parts a real Supabase lacks are absent there. */
export interface ProjectAddress {
  url: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  databaseUrl: string;
  mailUrl?: string | undefined;
  studioUrl?: string | undefined;
  sandboxUrl?: string | undefined;
  pagesUrl?: string | undefined;
}

const Environment = z.object({
  SUPABASE_URL: z.url(),
  SUPABASE_PUBLISHABLE_KEY: z.string(),
  SUPABASE_SECRET_KEY: z.string(),
  JWT_SECRET: z.string().default(""),
  DB_URL: z.string().default(""),
  MAILPIT_URL: z.string().optional(),
  SANDBOX_URL: z.string().optional(),
});

/** The project that SUPABASE_URL and keys name, if they do. */
export const projectFromEnvironment = (env: NodeJS.ProcessEnv): ProjectAddress | undefined => {
  if (!env.SUPABASE_URL) return undefined;
  const given = Environment.parse(env);
  return {
    url: given.SUPABASE_URL,
    publishableKey: given.SUPABASE_PUBLISHABLE_KEY,
    secretKey: given.SUPABASE_SECRET_KEY,
    jwtSecret: given.JWT_SECRET,
    databaseUrl: given.DB_URL,
    mailUrl: given.MAILPIT_URL,
    sandboxUrl: given.SANDBOX_URL,
  };
};
