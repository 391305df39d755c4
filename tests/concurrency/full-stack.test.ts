import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../stack/stack.ts";
import type { Database } from "../../types/database.ts";
import { clientAt } from "../support/client.ts";
import { anAddress } from "../support/factories.ts";
import { type NativePostgres, startNativePostgres } from "../support/native-postgres.ts";
import { startOwnStack } from "../support/own-stack.ts";

let server: NativePostgres;
let stack: Stack;

beforeAll(async () => {
  server = await startNativePostgres();
  stack = await startOwnStack({ databaseUrl: server.url });
});
afterAll(async () => {
  await stack?.stop();
  await server?.stop();
});

const client = (key: string) => clientAt<Database>(stack.urls.api, key);

test("60 guests over HTTP after the last 30 pieces get 30 orders, on a native server", async () => {
  const service = client(stack.keys.secret);
  const sku = `LAST-${randomUUID()}`;
  await service
    .rpc("import_products", { rows: [{ sku, title: "Last kettle", price: 2_000, stock: 30 }] })
    .throwOnError();
  const { data: variant } = await service
    .from("product_variants")
    .select("id")
    .eq("sku", sku)
    .single()
    .throwOnError();

  const guests = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const guest = client(stack.keys.publishable);
      const { error } = await guest.auth.signInAnonymously();
      if (error) throw error;
      return guest;
    }),
  );
  const answers = await Promise.all(
    guests.map((guest) =>
      guest.rpc("place_order", {
        input: {
          idempotency_key: randomUUID(),
          items: [{ variant_id: variant.id, quantity: 1 }],
          email: "guest@example.test",
          shipping_address: anAddress,
          payment: { provider: "cod" },
        },
      }),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(30);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(new Set(refused.map(({ status, error }) => `${status} ${error?.message}`))).toEqual(
    new Set(["409 out_of_stock"]),
  );
  const { data: rules } = await service.rpc("check_invariants").throwOnError();
  expect(rules.filter(({ broken }) => broken > 0)).toEqual([]);
}, 60_000);
