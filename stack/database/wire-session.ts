import { type PGlite, protocol } from "@electric-sql/pglite";
import { literal } from "./database.ts";
import { sessionDefaults } from "./session-defaults.ts";
import { isOnePrepare } from "./wire-sql.ts";

/** Settings that programs for Supabase make without naming them in their own SQL. */
const usualCustomSettings = [
  "request.jwt.claims",
  "request.jwt.claim.sub",
  "request.jwt.claim.role",
  "request.headers",
];

/** A few settings, read after every turn to see whether functions changed any behind our back. */
const probe = `select concat_ws(
  chr(31), current_setting('role'), current_setting('search_path'),
  ${usualCustomSettings.map((name) => `current_setting('${name}', true)`).join(", ")}) as probe`;

interface Prepared {
  name: string;
  statement: string;
}

/**
 * What one client's session would remember: its user, settings and prepared statements. They are put
 * into PGlite's session at the start of a turn and taken out again at its end.
 */
export class WireSession {
  readonly #customSettings = new Set(usualCustomSettings);
  #settings = new Map<string, string>();
  #prepared: Prepared[] = [];
  #probed = "";

  constructor(
    private readonly pglite: PGlite,
    private readonly user: string,
    settings: ReadonlyMap<string, string>,
  ) {
    this.#settings = new Map(settings);
  }

  /** Names of settings of the client's own, which PostgreSQL does not list. */
  rememberCustom(names: readonly string[]): void {
    for (const name of names) this.#customSettings.add(name);
  }

  async enter(): Promise<void> {
    const settings = [...this.#settings].map(
      ([name, value]) => `select set_config(${literal(name)}, ${literal(value)}, false)`,
    );
    const script = [
      `set session authorization "${this.user}"`,
      ...settings,
      ...this.#prepared.map(({ statement }) => statement.replace(/;?\s*$/, "")),
      probe,
    ];
    this.#probed = await this.#probe(script.join(";\n"));
  }

  /** Ends the turn, outside of a transaction; `touched` names what its statements did to the session. */
  async leave(touched: { settings: boolean; prepared: boolean }): Promise<void> {
    const probed = await this.#probe(`rollback;\n${probe}`);
    if (touched.settings || probed !== this.#probed) this.#settings = await this.#readSettings();
    if (touched.prepared || this.#prepared.length > 0) await this.#takePrepared();
    await this.pglite.exec(
      `set session authorization supabase_admin; reset all; ${sessionDefaults}`,
    );
  }

  async #probe(script: string): Promise<string> {
    const results = await this.pglite.exec(script);
    return String(results.at(-1)?.rows[0]?.probe);
  }

  async #readSettings(): Promise<Map<string, string>> {
    // The role comes last: it may not be allowed to make the other settings.
    const { rows } = await this.pglite.query<{ name: string; value: string }>(
      `select name, current_setting(name) as value from pg_catalog.pg_settings
       where source = 'session' and name <> 'session_authorization'
       union all
       select name, current_setting(name, true) from unnest($1::text[]) as name
       where current_setting(name, true) <> ''
       union all
       select 'role', current_setting('role')`,
      [[...this.#customSettings]],
    );
    return new Map(rows.map(({ name, value }) => [name, value]));
  }

  async #takePrepared(): Promise<void> {
    const { rows } = await this.pglite.query<Prepared>(
      "select name, statement from pg_catalog.pg_prepared_statements where from_sql",
    );
    for (const { name } of rows)
      await this.pglite.exec(`deallocate "${name.replaceAll('"', '""')}"`);
    this.#prepared = rows.filter(({ statement }) => isOnePrepare(statement));
  }
}

/**
 * What others have in the session and some statements end for everybody, `discard all` among them:
 * channels that are listened to, statements prepared through the protocol. Returns how to bring it back.
 */
export const keepOthers = async (
  pglite: PGlite,
  ownPrefix: string,
): Promise<() => Promise<void>> => {
  const channels = await pglite.query<{ channel: string }>(
    "select pg_listening_channels() as channel",
  );
  const statements = await pglite.query<Prepared & { types: number[] }>(
    `select name, statement, parameter_types::oid[]::bigint[] as types
     from pg_catalog.pg_prepared_statements
     where not from_sql and not starts_with(name, $1)`,
    [ownPrefix],
  );
  return async () => {
    for (const { channel } of channels.rows) {
      await pglite.exec(`listen "${channel.replaceAll('"', '""')}"`);
    }
    const { rows } = await pglite.query<{ name: string }>(
      "select name from pg_catalog.pg_prepared_statements",
    );
    const left = new Set(rows.map(({ name }) => name));
    for (const { name, statement, types } of statements.rows) {
      if (left.has(name)) continue;
      const parse = protocol.serialize.parse({ name, text: statement, types: types.map(Number) });
      await pglite.execProtocol(Buffer.concat([parse, protocol.serialize.sync()]), {
        throwOnError: false,
      });
    }
  };
};

interface Relation {
  oid: number;
  kind: "table" | "view" | "sequence";
}

const temporaryRelations = async (pglite: PGlite): Promise<Relation[]> => {
  const { rows } = await pglite.query<Relation>(
    `select c.oid::int8 as oid,
       case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind
     from pg_catalog.pg_class c
     where c.relnamespace = pg_my_temp_schema() and c.relkind in ('r', 'p', 'v', 'S')`,
  );
  return rows;
};

/** The temporary tables that one client has made in the session of all, and that end with it. */
export class TemporaryTables {
  readonly #own = new Map<number, Relation["kind"]>();

  constructor(private readonly pglite: PGlite) {}

  /** Called before statements that may make some; the function returned is called after them. */
  async watch(): Promise<() => Promise<void>> {
    const before = new Set((await temporaryRelations(this.pglite)).map(({ oid }) => oid));
    return async () => {
      for (const { oid, kind } of await temporaryRelations(this.pglite)) {
        if (!before.has(oid)) this.#own.set(oid, kind);
      }
    };
  }

  async drop(): Promise<void> {
    for (const [oid, kind] of this.#own) {
      const { rows } = await this.pglite.query<{ name: string }>(
        "select relname as name from pg_catalog.pg_class where oid = $1",
        [oid],
      );
      const [relation] = rows;
      if (!relation) continue;
      const name = relation.name.replaceAll('"', '""');
      await this.pglite.exec(`drop ${kind} if exists pg_temp."${name}" cascade`);
    }
  }
}
