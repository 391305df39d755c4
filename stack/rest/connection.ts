import { PostgresConnection } from "@supabase/lite/postgres";
import { sql } from "kysely";
import { z } from "zod";
import type { Database, Settings } from "../database/database.ts";
import { kyselyOn, kyselyWithin } from "./dialect.ts";

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
  constructor(private readonly database: Database) {
    // The base class opens its own client lazily; it is replaced before anything could use it.
    super({ url: "postgres://unused.invalid/postgres" });
    this.kysely = kyselyOn(database);
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
