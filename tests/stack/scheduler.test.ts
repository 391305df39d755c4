import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imageOf, readImage } from "../../stack/database/image.ts";
import { openPglite, type PgliteDatabase } from "../../stack/database/pglite.ts";
import { ensurePlatform, platformVersion } from "../../stack/database/platform.ts";
import { startScheduler } from "../../stack/scheduler.ts";
import { cronMatches } from "../../stack/scheduler-cron.ts";

let database: PgliteDatabase;
let scheduler: { stop(): Promise<void> };
const logged: string[] = [];

beforeAll(async () => {
  const image = await readImage(await imageOf([platformVersion()]));
  database = await openPglite(image ? { image } : {});
  await ensurePlatform(database);
  scheduler = await startScheduler({
    database,
    fetch: globalThis.fetch,
    log: (message) => logged.push(message),
  });
});

afterAll(async () => {
  await scheduler.stop();
  await database.close();
});

const asPostgres = (script: string) =>
  database.session(async (session) => {
    await session.exec("set session authorization postgres");
    await session.exec(script);
    await session.exec("set session authorization supabase_admin");
  });

test("a scheduled statement runs as the project's owner, and a failing one stops nothing", async () => {
  await asPostgres(`
    create table public.ticks (who text);
    select cron.schedule('broken', '1 seconds', 'select 1 / 0');
    select cron.schedule('tick', '1 seconds', 'insert into public.ticks values (current_user)');
  `);
  const ticks = async () => (await database.query("select distinct who from public.ticks")).rows;
  await expect.poll(ticks, { timeout: 5_000 }).toEqual([{ who: "postgres" }]);
  await expect
    .poll(() => logged.join("\n"))
    .toContain("scheduled job broken failed: division by zero");
  await asPostgres("select cron.unschedule('tick'), cron.unschedule('broken')");
});

test("what SQL posts goes out once, after the transaction, and not when it rolls back", async () => {
  const received: { path: string | undefined; key: string | string[] | undefined; body: string }[] =
    [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      received.push({ path: request.url, key: request.headers["x-key"], body });
      response.end("ok");
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port }: AddressInfo = Object.assign(
    { port: 0, address: "", family: "" },
    server.address(),
  );
  const post = (path: string) =>
    `select net.http_post('http://127.0.0.1:${port}/${path}', '{"cup": 1}', headers := '{"x-key": "k"}')`;

  await asPostgres(`begin; ${post("undone")}; rollback`);
  await asPostgres(post("done"));
  await expect
    .poll(() => received, { timeout: 10_000 })
    .toEqual([{ path: "/done", key: "k", body: '{"cup":1}' }]);
  server.close();
});

test("cron expressions are read in UTC, seconds as pg_cron has them", () => {
  const at = (text: string) => new Date(text);
  expect(cronMatches("* * * * *", at("2026-11-21T10:05:00Z"))).toBe(true);
  expect(cronMatches("* * * * *", at("2026-11-21T10:05:01Z"))).toBe(false);
  expect(cronMatches("30 seconds", at("2026-11-21T10:05:30Z"))).toBe(true);
  expect(cronMatches("15 3 * * 6", at("2026-11-21T03:15:00Z"))).toBe(true);
  expect(cronMatches("15 3 * * 1", at("2026-11-21T03:15:00Z"))).toBe(false);
});
