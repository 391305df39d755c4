import postgres from "postgres";
import { inject } from "vitest";

/** One connection as `postgres`, as psql has it: for what clients may not do or see. End it. */
export const openWire = () =>
  postgres(inject("project").databaseUrl, { max: 1, onnotice: () => undefined });

export type Wire = ReturnType<typeof openWire>;
