import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import {
  ada,
  connect,
  disconnectAll,
  openSocket,
  refusalOf,
  tokenOf,
} from "../../platform/realtime/support.ts";
import { openDatabase, startServer } from "./support.ts";

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
});
afterEach(disconnectAll);
afterAll(() => database.close());

test("a client that falls silent is dropped", async () => {
  const server = await startServer(database, { idleAfter: 100 });
  const { closed } = await openSocket(server);
  expect(await closed).toBe(1006);
  await server.stop();
});

test("clients are told to come back when the server stops", async () => {
  const server = await startServer(database);
  const { closed, send, next } = await openSocket(server);
  send(["1", "1", "realtime:x", "phx_join", {}]);
  await next();
  await server.stop();
  expect(await closed).toBe(1012);
});

test("a policy that fails is written to the log with its topic", async () => {
  const server = await startServer(database);
  await server.sql(
    `create policy broken on realtime.messages for select to authenticated
     using (1 / strpos(realtime.topic(), 'zero') = 1)`,
  );
  const client = connect(server, { token: await tokenOf(server, ada) });
  await refusalOf(client, client.channel("some-topic", { config: { private: true } }));
  expect(server.log.join()).toContain("failed for some-topic: division by zero");
  await server.stop();
});
