import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type postgres from "postgres";
import { readConfig } from "../../stack/config.ts";
import type { Database } from "../../stack/database/database.ts";
import { startMaintenance } from "../../stack/database/maintenance.ts";
import { isPglite } from "../../stack/database/pglite.ts";
import { openPostgres } from "../../stack/database/postgres.ts";
import { openProject } from "../../stack/database/project.ts";
import { serveWire } from "../../stack/database/wire.ts";
import { type LoadOptions, type LoadResult, load } from "./load.ts";
import { connectSql, type Sql } from "./sql.ts";
import { root } from "./stack-process.ts";

export type Run = (text: string, parameters: readonly string[]) => Promise<readonly object[]>;

/** `postgres` owns the shop's schema and may call what clients may not. */
export type RawRole = "anon" | "authenticated" | "postgres";

/** The database without anything around it: what HTTP is held against. */
export interface Raw {
  /** One sentence on how the statements get there. */
  how: string;
  /** The same database as its owner, for making test data. */
  sql: Sql;
  /** The same database as the stack's services see it. */
  database: Database;
  /**
   * Runs statements in a closed loop as the role: one round trip a statement, which is the best that
   * any SQL client can do.
   */
  load(
    role: RawRole,
    connections: number,
    limits: Omit<LoadOptions, "workers">,
    work: (run: Run) => Promise<void>,
  ): Promise<LoadResult>;
  close(): Promise<void>;
}

const newGuest = async (sql: Sql): Promise<string> => {
  const id = randomUUID();
  await sql`insert into auth.users (id, aud, role, is_anonymous)
    values (${id}, 'authenticated', 'authenticated', true)`;
  return id;
};

const claimsOf = (userId: string) =>
  JSON.stringify({ sub: userId, role: "authenticated", is_anonymous: true });

/** A native server, over TCP with the `postgres` package. */
export const nativeRaw = (url: string): Raw => {
  const sql = connectSql(url, 1);
  const database = openPostgres(url, { connections: 1 });
  return {
    how: "postgres package over TCP, prepared statements, one connection a caller",
    sql,
    database,
    load: async (role, connections, limits, work) => {
      const pool = connectSql(url, connections);
      const held: postgres.ReservedSql[] = [];
      for (let number = 0; number < connections; number += 1) {
        const connection = await pool.reserve();
        if (role === "authenticated") {
          const claims = claimsOf(await newGuest(sql));
          await connection`select set_config('request.jwt.claims', ${claims}, false)`;
        }
        await connection.unsafe(`set role ${role}`);
        held.push(connection);
      }
      const runOn =
        (connection: postgres.ReservedSql): Run =>
        (text, parameters) =>
          connection.unsafe(text, [...parameters], { prepare: true });
      try {
        // A new session compiles and plans whatever it runs first; a pool's sessions are not new.
        for (const connection of held) await work(runOn(connection));
        return await load({ ...limits, workers: connections }, async (worker) => {
          const connection = held[worker];
          if (!connection) throw new Error("there is no such connection");
          await work(runOn(connection));
        });
      } finally {
        for (const connection of held) connection.release();
        await pool.end();
      }
    },
    close: async () => {
      await sql.end();
      await database.close();
    },
  };
};

/**
 * A PGlite of its own inside this process, with the same schema and data as the stack's. It has one
 * session, so its callers take turns, and nothing lies between the loop and PostgreSQL.
 */
export const pgliteRaw = async (): Promise<Raw> => {
  const config = await readConfig(root);
  const database = await openProject({
    folder: join(root, "supabase"),
    seeds: config.db.seed.enabled ? config.db.seed.sql_paths : [],
  });
  if (!isPglite(database)) throw new Error("PGlite was asked for.");
  const wire = await serveWire(database, {
    host: "127.0.0.1",
    port: 0,
    passwords: { postgres: "postgres" },
  });
  const address = wire.address();
  const port = address && typeof address === "object" ? address.port : 0;
  const sql = connectSql(`postgresql://postgres:postgres@127.0.0.1:${port}/postgres`, 1);
  const upkeep = startMaintenance(database, { everyMs: 20_000, log: () => undefined });
  return {
    how: "in-process, prepared, on a PGlite of its own with the same data and upkeep; callers in turn",
    sql,
    database,
    load: async (role, _connections, limits, work) => {
      const claims = role === "authenticated" ? claimsOf(await newGuest(sql)) : "";
      const settings = { role, "request.jwt.claims": claims };
      const run: Run = async (text, parameters) =>
        (await database.statement(text, parameters, settings)).rows;
      await work(run);
      return load({ ...limits, workers: 1 }, () => work(run));
    },
    close: async () => {
      await sql.end();
      await new Promise((resolve) => wire.close(resolve));
      await upkeep.stop();
      await database.close();
    },
  };
};
