import { randomUUID } from "node:crypto";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Database } from "../../types/database.ts";
import { clientAt } from "../support/client.ts";
import { anAddress } from "../support/factories.ts";
import { takePortBlock } from "../support/ports.ts";
import { type StackProcess, startProcess } from "../support/stack-process.ts";

const folders: string[] = [];
const running: StackProcess[] = [];

afterEach(async () => {
  for (const stack of running.splice(0)) await stack.end("SIGKILL");
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Our shop in a folder of its own, so that its data is. */
const aShop = async (): Promise<() => Promise<StackProcess>> => {
  const folder = await mkdtemp(join(tmpdir(), "supamarket-survival-"));
  folders.push(folder);
  await symlink(resolve("supabase"), join(folder, "supabase"));
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  const port = String(await takePortBlock());
  return async () => {
    const stack = await startProcess(["--workdir", folder, "--port", port]);
    running.push(stack);
    return stack;
  };
};

const serviceOf = ({ status }: StackProcess) =>
  clientAt<Database>(status.API_URL, status.SECRET_KEY);

test("every order that was acknowledged is there after a kill -9, and the books are right", async () => {
  const start = await aShop();
  const first = await start();
  const sku = `SURVIVOR-${randomUUID()}`;
  const rows = [{ sku, title: "Kettle", price: 2_000, stock: 100_000 }];
  await serviceOf(first).rpc("import_products", { rows }).throwOnError();
  const { data: variant } = await serviceOf(first)
    .from("product_variants")
    .select("id")
    .eq("sku", sku)
    .single()
    .throwOnError();

  const acknowledged: string[] = [];
  const shop = async () => {
    const guest = clientAt<Database>(first.status.API_URL, first.status.PUBLISHABLE_KEY);
    if ((await guest.auth.signInAnonymously()).error) return;
    for (;;) {
      const { data, error } = await guest.rpc("place_order", {
        input: {
          idempotency_key: randomUUID(),
          items: [{ variant_id: variant.id, quantity: 2 }],
          email: "guest@example.test",
          shipping_address: anAddress,
          payment: { provider: "cod" },
        },
      });
      if (error) return;
      acknowledged.push(String(Object(Object(data).order).number));
    }
  };
  const shopping = Promise.all([shop(), shop(), shop(), shop()]);
  await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(60);
  await first.end("SIGKILL");
  await shopping;

  const service = serviceOf(await start());
  const { data: kept } = await service
    .from("orders")
    .select("number, status, order_items(quantity)")
    .in("number", acknowledged)
    .throwOnError();
  const lost = acknowledged.filter((number) => !kept.some((order) => order.number === number));
  expect(lost).toEqual([]);
  for (const order of kept) {
    expect(order).toMatchObject({ status: "confirmed", order_items: [{ quantity: 2 }] });
  }
  // An order whose answer was lost on the way may be there as well; its goods are then reserved.
  const { count } = await service
    .from("orders")
    .select("*", { count: "exact", head: true })
    .eq("status", "confirmed");
  const { data: stock } = await service
    .from("stock_levels")
    .select("reserved")
    .eq("variant_id", variant.id)
    .single()
    .throwOnError();
  expect(stock.reserved).toBe((count ?? 0) * 2);
  const { data: rules } = await service.rpc("check_invariants").throwOnError();
  expect(rules.filter(({ broken }) => broken > 0)).toEqual([]);
}, 120_000);
