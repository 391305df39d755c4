import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { type Database, isDatabaseError } from "../database/database.ts";
import type { Access } from "./access.ts";
import { type ChangeRequest, MalformedRequest, readChangeRequest } from "./change-filters.ts";

/** A binding as the client sent it; its id is what the client knows its changes by. */
export interface Binding {
  id: number;
  params: Readonly<Record<string, unknown>>;
}

/** Its functions must not wait or throw. */
export interface ChangeListener {
  /** Changes for these bindings; `change` is JSON text. */
  changed(ids: readonly number[], change: string): void;
  /** The watch has ended by itself. */
  failed(reason: string): void;
}

/** What one channel watches. */
export interface Watch {
  /** Judges by other claims from now on. Ends, and rejects with `WatchRefused`, where it cannot. */
  renew(access: Access): Promise<void>;
  end(): void;
}

/** Why a table cannot be watched, in Supabase Realtime's words. */
export class WatchRefused extends Error {}

export interface Changes {
  /** Resolves when every later change will be told. Rejects with `WatchRefused`. */
  watch(bindings: readonly Binding[], access: Access, listener: ChangeListener): Promise<Watch>;
  /** Works these places of the outbox off, behind earlier ones. */
  deliver(positions: readonly number[]): void;
  /** Resolves when all that was given to `deliver` is done. */
  settled(): Promise<void>;
}

export interface ChangesPorts {
  database: Database;
  log(message: string): void;
}

/** Changes judged in one go; more wait for the next. */
const atOnce = 200;

/** What the policies have to judge a batch in, for all and for one caller. */
const timeouts = { everybody: "3s", caller: "1s" } as const;

const subscribe = `
  insert into realtime.subscription
    (subscription_id, entity, filters, claims, action_filter, selected_columns)
  select
    $1::uuid,
    format('%I.%I', t.schemaname, t.tablename)::regclass,
    array(
      select (f.column, f.operator::realtime.equality_op, f.value, f.negate)
        ::realtime.user_defined_filter
      from jsonb_to_recordset($4::text::jsonb)
        as f ("column" text, operator text, value text, negate boolean)
    ),
    $5::text::jsonb,
    $6::text,
    (select array_agg(c) from jsonb_array_elements_text(nullif($7::text::jsonb, 'null')) c)
  from pg_catalog.pg_publication_tables t
  where t.pubname = 'supabase_realtime'
    and $2::text in ('*', t.schemaname) and $3::text in ('*', t.tablename)`;

const renew = `
  update realtime.subscription s set claims = $2::text::jsonb
  where s.subscription_id in (select i::uuid from jsonb_array_elements_text($1::text::jsonb) i)`;

const unsubscribe = `
  delete from realtime.subscription s
  where s.subscription_id in (select i::uuid from jsonb_array_elements_text($1::text::jsonb) i)`;

const Deliveries = z.array(z.object({ payload: z.string(), subscription_ids: z.array(z.uuid()) }));

interface Subscriber {
  /** Of its binding. */
  id: number;
  listener: ChangeListener;
  /** As whom the policies judge, as JSON text. */
  caller: string;
}

type Deliveries = z.infer<typeof Deliveries>;

/** Tells subscribers of the changes to tables, as far as the policies let each of them see. */
export const createChanges = ({ database, log }: ChangesPorts): Changes => {
  const subscribers = new Map<string, Subscriber>();
  let gone: string[] = [];
  let forgetting: Promise<void> | undefined;
  const due: number[] = [];
  let working: Promise<void> | undefined;

  const insert = async (id: string, request: ChangeRequest, access: Access) => {
    const { action, schema, table, filters, columns } = request;
    const { affected } = await database.query(subscribe, [
      id,
      schema,
      table,
      JSON.stringify(filters),
      claimsOf(access),
      action,
      JSON.stringify(columns),
    ]);
    if (affected > 0) return;
    throw new WatchRefused(
      "Unable to subscribe to changes with given parameters. Please check Realtime is enabled " +
        `for the given connect parameters: [${describe(request)}]`,
    );
  };

  const add = async (binding: Binding, access: Access, listener: ChangeListener) => {
    const request = readRequest(binding);
    const id = randomUUID();
    // Before it is in the database, so that its first change finds it.
    subscribers.set(id, { id: binding.id, listener, caller: claimsOf(access) });
    try {
      await insert(id, request, access);
    } catch (error) {
      subscribers.delete(id);
      if (!isDatabaseError(error)) throw error;
      throw new WatchRefused(
        "Unable to subscribe to changes with given parameters. An exception happened so please " +
          `check your connect parameters: [${describe(request)}]. ` +
          `Exception: ERROR ${error.code} (${conditionOf(error.code)}) ${error.message}`,
      );
    }
    return id;
  };

  const addAll = async (
    bindings: readonly Binding[],
    access: Access,
    listener: ChangeListener,
  ): Promise<string[]> => {
    const ids: string[] = [];
    try {
      for (const binding of bindings) ids.push(await add(binding, access, listener));
    } catch (error) {
      drop(ids);
      throw error;
    }
    return ids;
  };

  const drop = (ids: readonly string[]) => {
    for (const id of ids) subscribers.delete(id);
    gone.push(...ids);
    // Of many that leave in one turn of the event loop, all go in one statement.
    forgetting ??= new Promise<void>((resolve) => setImmediate(resolve)).then(forget);
  };

  const forget = async () => {
    const ids = gone;
    gone = [];
    forgetting = undefined;
    if (ids.length === 0) return;
    await database
      .query(unsubscribe, [JSON.stringify(ids)])
      // Nobody is told of their changes any more; the rows are cleared at the next start.
      .catch((error) => log(`Realtime could not remove ${ids.length} subscriptions: ${error}`));
  };

  const judge = async (
    positions: readonly number[],
    timeout: string,
    only?: readonly string[],
  ): Promise<Deliveries> => {
    const { rows } = await database.rehearse(
      (session) =>
        session.query(
          "select payload, subscription_ids " +
            "from realtime.deliveries($1::text::bigint[], $2::text::uuid[])",
          [`{${positions.join(",")}}`, only ? `{${only.join(",")}}` : null],
        ),
      // Policies are planned once for all subscribers of a role.
      { statement_timeout: timeout, plan_cache_mode: "force_generic_plan" },
    );
    return Deliveries.parse(rows);
  };

  const tell = (deliveries: Deliveries) => {
    for (const { payload, subscription_ids } of deliveries) {
      const told = new Map<ChangeListener, number[]>();
      for (const subscription of subscription_ids) {
        const subscriber = subscribers.get(subscription);
        if (!subscriber) continue;
        const ids = told.get(subscriber.listener);
        if (ids) ids.push(subscriber.id);
        else told.set(subscriber.listener, [subscriber.id]);
      }
      for (const [listener, ids] of told) listener.changed(ids, payload);
    }
  };

  /** Each caller apart; whom the policies keep waiting is ended, so that nobody waits for it again. */
  const judgeApart = async (positions: readonly number[]) => {
    const callers = new Map<string, string[]>();
    for (const [id, { caller }] of subscribers) {
      callers.set(caller, [...(callers.get(caller) ?? []), id]);
    }
    for (const ids of callers.values()) {
      try {
        tell(await judge(positions, timeouts.caller, ids));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        log(`Realtime ended ${ids.length} subscriptions whose policies take too long.`);
        const listeners = new Set(ids.map((id) => subscribers.get(id)?.listener));
        drop(ids);
        for (const listener of listeners) listener?.failed("Policies took too long to answer");
      }
    }
  };

  const work = async () => {
    while (due.length > 0) {
      const positions = due.splice(0, atOnce);
      if (subscribers.size === 0) continue;
      try {
        await judge(positions, timeouts.everybody).then(tell, (error) => {
          if (!isTimeout(error)) throw error;
          return judgeApart(positions);
        });
      } catch (error) {
        log(`Realtime could not judge ${positions.length} changes: ${error}`);
      }
    }
    working = undefined;
  };

  return {
    watch: async (bindings, access, listener) => {
      const ids = await addAll(bindings, access, listener);
      const end = () => drop(ids.splice(0));
      return {
        renew: async (next) => {
          try {
            await database.query(renew, [JSON.stringify(ids), claimsOf(next)]);
            for (const id of ids) {
              const subscriber = subscribers.get(id);
              if (subscriber) subscriber.caller = claimsOf(next);
            }
          } catch (error) {
            end();
            throw isDatabaseError(error) ? new WatchRefused(error.message) : error;
          }
        },
        end,
      };
    },
    deliver: (positions) => {
      due.push(...positions);
      if (due.length > 0) working ??= work();
    },
    settled: async () => {
      await working;
      await forgetting;
    },
  };
};

/** As PostgreSQL reports a statement that ran into its timeout. */
const isTimeout = (error: unknown) => isDatabaseError(error) && error.code === "57014";

const claimsOf = ({ claims, role }: Access) => JSON.stringify({ ...claims, role });

/** Equal bindings have equal ids, as on Supabase; below 2^27 as there. */
export const bindingOf = (params: Readonly<Record<string, unknown>>): Binding => {
  const digest = createHash("sha1").update(JSON.stringify(params)).digest();
  return { id: digest.readUInt32BE(0) >>> 5, params };
};

const readRequest = ({ params }: Binding): ChangeRequest => {
  try {
    return readChangeRequest(params);
  } catch (error) {
    throw error instanceof MalformedRequest ? new WatchRefused(error.message) : error;
  }
};

const describe = ({ action, schema, table, filters, columns }: ChangeRequest): string => {
  const conditions = filters.map(
    ({ column, operator, value, negate }) =>
      `{${[column, operator, value].map((part) => JSON.stringify(part)).join(", ")}, ${negate}}`,
  );
  const select = columns ? JSON.stringify(columns) : "nil";
  return (
    `event: ${action}, schema: ${schema}, table: ${table}, ` +
    `filters: [${conditions.join(", ")}], select: ${select}`
  );
};

/** The names that PostgreSQL's manual gives the codes a subscription can fail with. */
const conditionOf = (code: string): string =>
  ({
    P0001: "raise_exception",
    "22P02": "invalid_text_representation",
    "22003": "numeric_value_out_of_range",
    "22007": "invalid_datetime_format",
    "22008": "datetime_field_overflow",
    "42704": "undefined_object",
  })[code] ?? "error";
