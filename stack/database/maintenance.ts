import type { PgliteDatabase } from "./pglite.ts";

/** autovacuum's own formula and defaults: 50 rows and a fifth of the table, a tenth for analyze. */
const dueTables = `
  select format('%I.%I', s.schemaname, s.relname) as name
  from pg_catalog.pg_stat_all_tables s
  join pg_catalog.pg_class c on c.oid = s.relid
  where c.relkind = 'r' and c.relpersistence = 'p' and s.schemaname <> 'pg_toast'
    and (
      s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
      or s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
    )
`;

/**
 * PGlite has no background workers, so nothing would ever refresh the planner's statistics or
 * reclaim dead rows. This does what autovacuum would, a table at a time between other work.
 */
export const startMaintenance = (
  database: PgliteDatabase,
  { everyMs, log }: { everyMs: number; log: (message: string) => void },
) => {
  let stopped = false;
  let running = Promise.resolve();

  const tidy = async () => {
    const { rows } = await database.query<{ name: string }>(dueTables);
    for (const { name } of rows) {
      if (stopped) return;
      await database.session((session) => session.exec(`vacuum (analyze) ${name}`));
    }
  };
  const timer = setInterval(() => {
    running = running.then(tidy).catch((error: Error) => {
      if (!stopped) log(`maintenance of the database failed: ${error.message}`);
    });
  }, everyMs);

  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
};
