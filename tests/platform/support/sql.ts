import postgres from "postgres";
import { onTestFinished } from "vitest";
import { platform } from "./platform.ts";

/** A connection as `postgres`, ended with the test; null where the database cannot be reached. */
export const connect = (): postgres.Sql | null => {
  const { databaseUrl } = platform();
  if (!databaseUrl) return null;
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  onTestFinished(async () => {
    await sql.end({ timeout: 5 });
  });
  return sql;
};
