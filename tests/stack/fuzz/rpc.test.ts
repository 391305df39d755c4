import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { SignJWT } from "jose";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Stack } from "../../../stack/stack.ts";
import { startOwnStack } from "../../support/own-stack.ts";
import { junk, junkText, runs, spoilt, typedValue } from "./junk.ts";

interface Argument {
  name: string;
  type: string;
  hasDefault: boolean;
  /** What an enum may be. */
  labels: string[];
}

interface Command {
  name: string;
  arguments: Argument[];
}

let stack: Stack;
let commands: Command[];
let sql: postgres.Sql;
let samples: Record<string, unknown>;
const tokens = new Map<string, string>();

/** What a role may call, whatever the types say: the database's own list. */
const readCommands = async (): Promise<Command[]> => {
  const rows = await sql`
    select p.proname as name, coalesce(jsonb_agg(jsonb_build_object(
        'name', a.name, 'type', format_type(a.type, null),
        'labels', array(select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = a.type),
        'hasDefault', a.position > p.pronargs - p.pronargdefaults) order by a.position)
      filter (where a.name is not null), '[]') as arguments
    from pg_catalog.pg_proc p
    left join lateral unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[])
      with ordinality as a (name, type, position) on true
    where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
    group by p.oid, p.proname order by p.proname`;
  const Argument = z.object({
    name: z.string(),
    type: z.string(),
    hasDefault: z.boolean(),
    labels: z.array(z.string()),
  });
  return z.array(z.object({ name: z.string(), arguments: z.array(Argument) })).parse(rows);
};

const signIn = async (name: string): Promise<void> => {
  const id = randomUUID();
  const email = `${name}@fuzz.test`;
  await sql`insert into auth.users (id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
    values (${id}, 'authenticated', 'authenticated', ${email}, now(), '{}', '{}')`;
  if (name === "admin") await sql`select public.grant_role(${id}::uuid, 'admin')`;
  const claims = { sub: id, email, role: "authenticated", aal: "aal2", is_anonymous: false };
  const token = await new SignJWT({ ...claims, aud: "authenticated" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(stack.keys.jwtSecret));
  tokens.set(name, token);
};

/** Documents as the commands take them, by argument. */
const readSamples = async (): Promise<Record<string, unknown>> => {
  const [variant] = await sql`select id from public.product_variants order by id limit 1`;
  const order = {
    idempotency_key: randomUUID(),
    items: [{ variant_id: variant?.id, quantity: 1 }],
    email: "ada@example.test",
    shipping_address: {
      full_name: "Ada Lovelace",
      line1: "12 St James's Square",
      city: "London",
      postal_code: "SW1Y 4JH",
      country: "GB",
    },
    shipping_method: "standard",
    payment: { provider: "cod" },
    note: "ring twice",
  };
  const row = { sku: "FUZZ-1", title: "Kettle", price: 1249, stock: 3, options: { colour: "red" } };
  return {
    "place_order.input": order,
    "quote_checkout.input": order,
    "import_products.rows": [row, { ...row, sku: "FUZZ-2", parent_sku: "FUZZ-1" }],
    "apply_payment_event.event": {
      payment_id: randomUUID(),
      status: "succeeded",
      amount: 1249,
      currency: "GBP",
      occurred_at: "2026-11-21T12:00:00Z",
    },
  };
};

beforeAll(async () => {
  stack = await startOwnStack();
  sql = postgres(stack.urls.database, { max: 1, onnotice: () => undefined });
  [commands, samples] = [await readCommands(), await readSamples()];
  tokens.set("service", stack.keys.secret);
  await signIn("customer");
  await signIn("admin");
});
afterAll(async () => {
  await sql?.end();
  await stack?.stop();
});

/** Arguments that are mostly of the right type, so that calls get beyond the signature. */
const argumentsFor = (command: Command): fc.Arbitrary<unknown> => {
  const fields = command.arguments.map(({ name, type, labels, hasDefault }) => {
    const sample = samples[`${command.name}.${name}`];
    const good = labels.length > 0 ? fc.constantFrom(...labels) : typedValue(type);
    const value = fc.oneof(
      { weight: 4, arbitrary: sample === undefined ? good : spoilt(sample) },
      { weight: 1, arbitrary: junk },
    );
    return [name, fc.option(value, { nil: undefined, freq: hasDefault ? 2 : 20 })] as const;
  });
  const well = fc.record(Object.fromEntries(fields));
  const extra = fc.tuple(well, junkText).map(([body, name]) => ({ ...body, [name]: 1 }));
  return fc.oneof(
    { weight: 10, arbitrary: well },
    { weight: 1, arbitrary: extra },
    { weight: 1, arbitrary: junk },
  );
};

const call = async (actor: string, command: string, body: string): Promise<Response> =>
  fetch(`${stack.urls.api}/rest/v1/rpc/${command}`, {
    method: "POST",
    headers: {
      apikey: actor === "service" ? stack.keys.secret : stack.keys.publishable,
      authorization: `Bearer ${tokens.get(actor) ?? stack.keys.publishable}`,
      "content-type": "application/json",
    },
    body,
  });

const Refused = z.looseObject({ code: z.string().min(1), message: z.string() });

test.each(["anon", "customer", "admin", "service"])(
  "whatever %s sends to whichever command, the answer is never our failure",
  async (actor) => {
    expect(commands.length).toBeGreaterThan(20);
    const calls = fc
      .constantFrom(...commands)
      .chain((command) => fc.tuple(fc.constant(command.name), argumentsFor(command)));
    await fc.assert(
      fc.asyncProperty(calls, async ([command, body]) => {
        const answer = await call(actor, command, JSON.stringify(body));
        const text = await answer.text();
        expect(answer.status, `${command}: ${text.slice(0, 500)}`).toBeLessThan(500);
        if (!answer.ok) expect(Refused.safeParse(JSON.parse(text)).error).toBeUndefined();
      }),
      { numRuns: runs(400) },
    );
  },
);

test("bodies that are no arguments at all are refused by name", async () => {
  const bodies = ["", "{", "[", '{"a":}', "nul", '"a"', "1", "[1]", "null", "\u0000", "{}{}"];
  for (const { name } of commands) {
    for (const body of bodies) {
      const answer = await call("customer", name, body);
      const text = await answer.text();
      expect(answer.status, `${name} ${JSON.stringify(body)}: ${text}`).toBeLessThan(500);
    }
  }
});

test("afterwards the shop is whole", async () => {
  const answer = await fetch(`${stack.urls.api}/rest/v1/rpc/check_invariants`, {
    method: "POST",
    headers: { apikey: stack.keys.secret, "content-type": "application/json" },
    body: "{}",
  });
  const broken = z.array(z.looseObject({ broken: z.number() })).parse(await answer.json());
  expect(broken.filter((each) => each.broken > 0)).toEqual([]);
});
