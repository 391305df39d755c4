import { PostgresConnection } from "@supabase/lite/postgres";
import { sql } from "kysely";
import { z } from "zod";
import type { Database, Settings } from "../database/database.ts";
import { kyselyOn, kyselyWithin } from "./dialect.ts";
import { asPostgrestError } from "./errors.ts";

type WithContext = PostgresConnection["withContext"];
type Vars = Parameters<WithContext>[0];
type Options = Parameters<WithContext>[2];

const Claims = z.record(z.string(), z.unknown());

/** What lite hands over about the caller; everything else it puts there is its own. */
const Context = z.object({
  auth: z
    .object({ role: z.string().nullish(), uid: z.string().nullish(), jwt: Claims.nullish() })
    .nullish(),
  storage: z.object({ operation: z.string().nullish() }).nullish(),
});

/** The roles that `authenticator` may take on; a token naming another is refused, as on Supabase. */
const requestRoles = new Set(["anon", "authenticated", "service_role"]);

/** What Supabase sets for the roles at login, and PostgREST for each request. */
const timeouts: Readonly<Record<string, string>> = { anon: "3s", authenticated: "8s" };

class RoleRefused extends Error {
  readonly code = "42501";
  constructor(role: string) {
    super(`permission denied to set role "${role}"`);
  }
}

const settingsOf = (vars: Vars, options: Options): Settings => {
  const { auth, storage } = Context.parse(vars ?? {});
  const role = auth?.role || "anon";
  if (!requestRoles.has(role)) throw new RoleRefused(role);
  const rpc = options?.rpc;
  return {
    role,
    ...(timeouts[role] && { statement_timeout: timeouts[role] }),
    "request.jwt.claims": JSON.stringify(auth?.jwt ?? { role }),
    "request.jwt.claim.sub": auth?.uid ?? "",
    "request.jwt.claim.role": role,
    "storage.operation": storage?.operation ?? "",
    ...(rpc && {
      "response.status": "",
      "response.headers": "",
      "request.method": rpc.method,
      "request.path": rpc.path,
      "request.headers": JSON.stringify(rpc.requestHeaders ?? {}),
      ...(rpc.readOnly && { transaction_read_only: "on" }),
    }),
  };
};

/**
 * lite's connection over our `Database`. Two things differ from lite's own PostgreSQL connections:
 * a request's role, claims and HTTP context are set together with `begin` in one round trip, and
 * grants are never touched (lite widens them to everything on its first request).
 */
export class StackConnection extends PostgresConnection {
  readonly #corrected = new WeakSet<object>();

  constructor(private readonly database: Database) {
    // The base class opens its own client lazily; it is replaced before anything could use it.
    super({ url: "postgres://unused.invalid/postgres" });
    this.kysely = kyselyOn(database);
  }

  override normalizeDbError(error: unknown): unknown {
    return asPostgrestError(super.normalizeDbError(error));
  }

  /**
   * lite takes every unique index for a key, and so reads "one default variant per product", a
   * partial index, as "one variant per product" when it embeds. PostgREST goes by constraints.
   */
  override async introspect(options?: { useCache?: boolean }) {
    const result = await super.introspect(options);
    if (this.#corrected.has(result)) return result;
    const { rows } = await this.database.query<{ name: string }>(
      "select r.conname as name from pg_catalog.pg_constraint r where r.contype in ('p', 'u')",
    );
    const constraints = new Set(rows.map(({ name }) => name));
    result.indexes = result.indexes.filter(({ name }) => constraints.has(name));
    this.#corrected.add(result);
    return result;
  }

  override withContext: WithContext = async (vars, use, options) => {
    if (!vars && !options?.forceRollback) return use(this.kysely);
    const settings = settingsOf(vars, options);
    if (options?.transaction) {
      for (const [name, value] of Object.entries(settings)) {
        await sql`select set_config(${name}, ${value}, true)`.execute(options.transaction);
      }
      return use(options.transaction);
    }
    const run = options?.forceRollback ? this.database.rehearse : this.database.transaction;
    return run((session) => use(kyselyWithin(session)), settings);
  };

  override async close(): Promise<void> {
    await this.clearSchemaCache();
  }
}
