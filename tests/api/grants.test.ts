import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  functions,
  privateHelpers,
  signedInSeats,
  type TableRules,
  tables,
} from "../support/access-matrix.ts";
import type { Seat } from "../support/access-world.ts";
import { anon, customer, service } from "../support/actors.ts";
import { openWire, type Wire } from "../support/wire.ts";

let sql: Wire;

/** The local stack must not widen grants when it serves its first requests; so they come first. */
beforeAll(async () => {
  sql = openWire();
  const ada = await customer();
  for (const { client } of [anon(), ada, service()]) {
    await client.from("product_listing").select("slug").limit(1);
    await client.from("orders").select("id").limit(1);
    await client.rpc("my_roles");
  }
});
afterAll(() => sql.end());

const roles: Record<string, readonly Seat[]> = { anon: ["anon"], authenticated: signedInSeats };
const verbs = ["select", "insert", "update", "delete"] as const;

/** The verbs that the matrix gives to any of the seats. */
const verbsOf = (rules: TableRules, own: readonly Seat[]) =>
  verbs.filter((verb) =>
    Object.values(rules[verb] ?? {}).some(({ by }) => by.some((seat: Seat) => own.includes(seat))),
  );

describe("the access matrix", () => {
  test("names every table and view of the API, and no other", async () => {
    const rows = await sql`
      select relname from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')`;
    expect(rows.map(({ relname }) => relname).sort()).toEqual(Object.keys(tables).sort());
  });

  test("names every function of the API, and no other; none is overloaded", async () => {
    const rows = await sql`
      select proname from pg_proc where pronamespace = 'public'::regnamespace`;
    expect(rows.map(({ proname }) => proname).sort()).toEqual(Object.keys(functions).sort());
  });
});

describe.each(Object.entries(roles))("what is granted to %s", (role, own) => {
  test("on tables is what the matrix says", async () => {
    const granted = await sql`
      select
        c.relname as name,
        array_remove(array[
          case when has_any_column_privilege(${role}, c.oid, 'select') then 'select' end,
          case when has_any_column_privilege(${role}, c.oid, 'insert') then 'insert' end,
          case when has_any_column_privilege(${role}, c.oid, 'update') then 'update' end,
          case when has_table_privilege(${role}, c.oid, 'delete') then 'delete' end
        ], null) as verbs
      from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')`;
    expect(Object.fromEntries(granted.map(({ name, verbs }) => [name, verbs]))).toEqual(
      Object.fromEntries(
        Object.entries(tables).map(([name, rules]) => [name, verbsOf(rules, own)]),
      ),
    );
  });

  test("never writes whole rows: columns are granted by name", async () => {
    const rows = await sql`
      select c.relname from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and has_table_privilege(${role}, c.oid, 'insert, update, truncate, references, trigger')`;
    expect(rows.map(({ relname }) => relname)).toEqual([]);
  });

  test("never lets anybody set ids, states, owners or amounts that commands decide", async () => {
    const rows = await sql`
      select c.relname || '.' || a.attname as column
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and has_column_privilege(${role}, c.oid, a.attname, 'update')
        and (
          a.attname in (
            'id', 'user_id', 'owner_id', 'seller_id', 'product_id', 'buyer_id', 'version',
            'on_hand', 'reserved', 'available', 'total', 'payment_status', 'created_at',
            'updated_at', 'published_at', 'rating_average', 'rating_count', 'path'
          )
          or a.attname = 'status' and c.relname <> 'products'
        )
        and (c.relname, a.attname) <> ('product_media', 'path')`;
    expect(rows.map(({ column }) => column)).toEqual([]);
  });

  test("on functions of the API is what the matrix says", async () => {
    const rows = await sql`
      select p.proname from pg_proc p
      where p.pronamespace = 'public'::regnamespace
        and has_function_privilege(${role}, p.oid, 'execute')`;
    const refusedInside = ({ refusal = {} }: (typeof functions)[string]) =>
      Object.keys(refusal).some((seat) => own.some((one) => one === seat));
    const expected = Object.entries(functions).filter(
      ([, rules]) => rules.by.some((seat) => own.includes(seat)) || refusedInside(rules),
    );
    expect(rows.map(({ proname }) => proname).sort()).toEqual(
      expected.map(([name]) => name).sort(),
    );
  });

  test("in private is only the commands behind those functions, and helpers", async () => {
    const rows = await sql`
      select p.proname from pg_proc p
      where p.pronamespace = 'private'::regnamespace
        and has_function_privilege(${role}, p.oid, 'execute')
        and not exists (
          select from pg_proc w
          where w.pronamespace = 'public'::regnamespace and w.proname = p.proname
            and has_function_privilege(${role}, w.oid, 'execute')
        )`;
    const helpers = [
      ...privateHelpers.everybody,
      ...(role === "anon" ? [] : privateHelpers.signedIn),
    ];
    expect(rows.map(({ proname }) => proname).sort()).toEqual(helpers.sort());
  });
});

describe("nobody reaches what the API does not show", () => {
  test.each(["anon", "authenticated", "service_role"])(
    "%s has no right on a table or sequence of private or the queue",
    async (role) => {
      const rows = await sql`
        select n.nspname || '.' || c.relname as name
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('private', 'pgmq', 'cron', 'net', 'vault')
          and has_schema_privilege(${role}, n.oid, 'usage')
          and case
            when c.relkind in ('r', 'p', 'v', 'm') then
              has_table_privilege(${role}, c.oid, 'select, insert, update, delete, truncate')
              or has_any_column_privilege(${role}, c.oid, 'select, insert, update')
            when c.relkind = 'S' then
              has_sequence_privilege(${role}, c.oid, 'usage, select, update')
            else false
          end`;
      expect(rows.map(({ name }) => name)).toEqual([]);
    },
  );

  test.each(["anon", "authenticated"])("%s uses no sequence of the API's tables", async (role) => {
    const rows = await sql`
      select c.relname from pg_class c
      where c.relnamespace = 'public'::regnamespace
        and case c.relkind
          when 'S' then has_sequence_privilege(${role}, c.oid, 'usage, select, update')
          else false
        end`;
    expect(rows.map(({ relname }) => relname)).toEqual([]);
  });

  test.each(["anon", "authenticated", "service_role"])("%s creates nothing", async (role) => {
    const rows = await sql`
      select n.nspname from pg_namespace n
      where has_schema_privilege(${role}, n.oid, 'create') and n.nspname !~ '^pg_'`;
    expect(rows.map(({ nspname }) => nspname)).toEqual([]);
  });

  test("the service reads and writes every table of the API", async () => {
    const rows = await sql`
      select c.relname from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not has_table_privilege('service_role', c.oid, 'select')`;
    expect(rows.map(({ relname }) => relname)).toEqual([]);
  });
});
