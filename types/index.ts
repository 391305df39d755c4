/** What clients and functions say to each other: zod schemas, and the types of the same names. */
export * from "../supabase/functions/_shared/contracts/index.ts";
