import type { Database } from "./database.ts";

/**
 * The database as one of the platform's service roles sees it, so that a service can do here what
 * it can do on Supabase and no more.
 */
export const asRole = (
  database: Database,
  role: "supabase_auth_admin" | "supabase_storage_admin",
): Database => {
  const session: Database["session"] = (use) =>
    database.session(async (held) => {
      await held.exec(`set role ${role}`);
      try {
        return await use(held);
      } finally {
        await held.exec("reset role");
      }
    });

  return {
    kind: database.kind,
    session,
    query: (text, parameters) => session((held) => held.query(text, parameters)),
    transaction: (use, settings) => database.transaction(use, { role, ...settings }),
    rehearse: (use, settings) => database.rehearse(use, { role, ...settings }),
    statement: (text, parameters, settings) =>
      database.statement(text, parameters, { role, ...settings }),
    forget: () => database.forget(),
    listen: (channel, onPayload) => database.listen(channel, onPayload),
    close: () => database.close(),
  };
};
