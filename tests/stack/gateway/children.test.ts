import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { clientAt } from "../../support/client.ts";
import { takePortBlock } from "../../support/ports.ts";
import { type StackProcess, startProcess } from "../../support/stack-process.ts";

let stack: StackProcess;
beforeAll(async () => {
  stack = await startProcess(["--memory", "--port", String(await takePortBlock())]);
});
afterAll(() => stack?.end("SIGTERM"));

interface Child {
  pid: number;
  command: string;
}

/** Every process below the stack's. */
const children = async (): Promise<Child[]> => {
  const parents = new Map<number, number>();
  const commands = new Map<number, string>();
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const [status, command] = await Promise.all(
      ["status", "cmdline"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    parents.set(pid, Number(/^PPid:\s+(\d+)/m.exec(status ?? "")?.[1]));
    commands.set(pid, command ?? "");
  }
  const isBelow = (pid: number): boolean => {
    for (let at = parents.get(pid); at; at = parents.get(at)) {
      if (at === stack.child.pid) return true;
    }
    return false;
  };
  return [...commands]
    .map(([pid, command]) => ({ pid, command }))
    .filter(({ pid }) => isBelow(pid));
};

const workersOf = async (name: string): Promise<number[]> =>
  (await children())
    .filter(({ command }) => command.includes(`/functions/${name}/index.ts`))
    .map(({ pid }) => pid);

const killWorkersOf = async (name: string): Promise<number> => {
  const pids = await workersOf(name);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  return pids.length;
};

const Health = z.looseObject({ status: z.string() });
const Refused = z.looseObject({ code: z.string(), message: z.string() });

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${stack.status.API_URL}${path}`, {
    ...init,
    headers: {
      apikey: stack.status.PUBLISHABLE_KEY,
      "content-type": "application/json",
      ...init.headers,
    },
  });

const figure = async (name: string): Promise<number> => {
  const answer = await call("/metrics", { headers: { apikey: stack.status.SECRET_KEY } });
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await answer.text())?.[1]);
};

test.skipIf(process.platform !== "linux")(
  "a function killed while requests run answers cleanly and starts again by itself",
  async () => {
    expect(Health.parse(await (await call("/functions/v1/health")).json()).status).toBe("ok");
    let isOver = false;
    const refusals: number[] = [];
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const answer = await call("/functions/v1/health");
        const body: unknown = await answer.json();
        if (answer.ok) continue;
        refusals.push(answer.status);
        expect([502, 503]).toContain(answer.status);
        expect(Refused.safeParse(body).error).toBeUndefined();
      }
    });
    let killed = 0;
    while (killed < 3) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      killed += await killWorkersOf("health");
    }
    await expect.poll(async () => (await call("/functions/v1/health")).status).toBe(200);
    isOver = true;
    await Promise.all(asking);
    expect(await figure("supamarket_functions_restarts_total")).toBeGreaterThanOrEqual(3);
    expect((await call("/health")).status).toBe(200);
  },
);

const Placed = z.looseObject({ order: z.looseObject({ id: z.string(), status: z.string() }) });

test.skipIf(process.platform !== "linux")(
  "orders that a killed checkout was working on are placed once, when the client asks again",
  async () => {
    const secret = clientAt(stack.status.API_URL, stack.status.SECRET_KEY);
    const listed = await secret
      .from("product_listing")
      .select("default_variant_id")
      .eq("in_stock", true)
      .limit(1)
      .single();
    const buyer = clientAt(stack.status.API_URL, stack.status.PUBLISHABLE_KEY);
    const { data: guest } = await buyer.auth.signInAnonymously();
    const token = guest.session?.access_token ?? "";
    const variant = listed.data?.default_variant_id;
    const received = { variant_id: variant, quantity: 1_000, reason: "received" };
    expect((await secret.rpc("adjust_stock", received)).error).toBeNull();

    /** As a shop's page does it: the same key until there is an answer that settles it. */
    const order = async (key: string): Promise<string> => {
      for (let tried = 0; tried < 60; tried++) {
        const answer = await call("/functions/v1/checkout", {
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify({
            idempotency_key: key,
            items: [{ variant_id: variant, quantity: 1 }],
            email: "ada@example.test",
            shipping_address: {
              full_name: "Ada Lovelace",
              line1: "12 St James's Square",
              city: "London",
              postal_code: "SW1Y 4JH",
              country: "GB",
            },
            payment: { provider: "cod" },
          }),
        });
        const body: unknown = await answer.json();
        if (answer.ok) return Placed.parse(body).order.id;
        expect([502, 503], JSON.stringify(body)).toContain(answer.status);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error(`no answer for ${key}`);
    };

    let isOver = false;
    const placing = Array.from({ length: 4 }, async () => {
      const placed: string[] = [];
      while (!isOver) placed.push(await order(randomUUID()));
      return placed;
    });
    for (let round = 0; round < 3; round++) {
      await expect
        .poll(() => killWorkersOf("checkout"), { interval: 50, timeout: 15_000 })
        .toBeGreaterThan(0);
    }
    isOver = true;
    const placed = (await Promise.all(placing)).flat();
    expect(new Set(placed).size).toBe(placed.length);
    const { count } = await secret
      .from("orders")
      .select("id", { count: "exact", head: true })
      .eq("buyer_id", guest.user?.id ?? "");
    expect(count).toBe(placed.length);
    const { data: invariants } = await secret.rpc("check_invariants");
    const Broken = z.array(z.looseObject({ broken: z.number() }));
    expect(Broken.parse(invariants).filter(({ broken }) => broken > 0)).toEqual([]);
  },
);

test.skipIf(process.platform !== "linux")(
  "whatever else the stack has started may die, too",
  async () => {
    const all = await children();
    expect(all.length).toBeGreaterThan(0);
    for (const { pid } of all) process.kill(pid, "SIGKILL");
    await expect.poll(async () => (await call("/functions/v1/health")).status).toBe(200);
    expect((await call("/health")).status).toBe(200);
  },
);
