import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../stack/database/database.ts";
import { type LimitSettings, Rate } from "../../../stack/realtime/limits.ts";
import {
  collect,
  connect,
  disconnectAll,
  eventually,
  join,
  openSocket,
  refusalOf,
  uniqueName,
} from "../../platform/realtime/support.ts";
import { openDatabase, type Server, startServer } from "./support.ts";

let database: Database;
let server: Server | undefined;

beforeAll(async () => {
  database = await openDatabase();
});
afterEach(async () => {
  await disconnectAll();
  await server?.stop();
  server = undefined;
});
afterAll(() => database.close());

const withLimits = async (limits: Partial<LimitSettings>): Promise<Server> => {
  server = await startServer(database, { limits });
  return server;
};

test("a rate is the average of the last minute", () => {
  let now = 0;
  const rate = new Rate(10, () => now);
  rate.add(600);
  expect(rate.isExceeded()).toBe(false);
  expect(rate.isExceeded(1)).toBe(true);
  now += 30_000;
  rate.add();
  expect(rate.isExceeded()).toBe(true);
  now += 30_000;
  expect(rate.isExceeded()).toBe(false);
  now += 3_600_000;
  expect(rate.isExceeded(600)).toBe(false);
  expect(rate.isExceeded(601)).toBe(true);
});

test("a client may join so many channels and no more, until it leaves one", async () => {
  const project = await withLimits({ channelsPerClient: 2 });
  const client = connect(project);
  const first = await join(client.channel(uniqueName()));
  await join(client.channel(uniqueName()));
  expect(await refusalOf(client, client.channel(uniqueName()))).toBe(
    "ChannelRateLimitReached: Too many channels",
  );
  await client.removeChannel(first);
  await join(client.channel(uniqueName()));
});

test("so many clients may be there, others join when one has gone", async () => {
  const project = await withLimits({ users: 1 });
  const first = connect(project);
  await join(first.channel(uniqueName()));
  await join(first.channel(uniqueName()));
  const second = connect(project);
  expect(await refusalOf(second, second.channel(uniqueName()))).toBe(
    "ConnectionRateLimitReached: Too many connected users",
  );
  await first.realtime.disconnect();
  await eventually(() => !first.realtime.isConnected());
  await join(connect(project).channel(uniqueName()));
});

test("who joins too often is told so and disconnected", async () => {
  const project = await withLimits({ joinsPerSecond: 1 });
  const { send, next, closed } = await openSocket(project);
  for (let n = 0; n < 60; n++) {
    send([`${n}`, `${n}`, `realtime:${n}`, "phx_join", {}]);
    expect(await next()).toMatchObject([`${n}`, `${n}`, expect.any(String), "phx_reply", {}]);
  }
  send(["60", "60", "realtime:60", "phx_join", {}]);
  expect(await next()).toMatchObject([
    "60",
    "60",
    "realtime:60",
    "phx_reply",
    {
      status: "error",
      response: { reason: "ClientJoinRateLimitReached: Too many joins per second" },
    },
  ]);
  expect(await closed).toBe(1000);
});

test("a channel that gets too many messages is closed with the reason", async () => {
  const project = await withLimits({ messagesPerSecond: 1 });
  const { send, next } = await openSocket(project);
  const topic = `realtime:${uniqueName()}`;
  send(["1", "1", topic, "phx_join", { config: { broadcast: { self: true } } }]);
  await next();
  for (let n = 0; n < 40; n++) send(["1", "2", topic, "broadcast", { event: "e", payload: {} }]);
  const events: unknown[] = [];
  while (events.at(-1) !== "phx_close") {
    const message = await next();
    if (Array.isArray(message)) events.push(message[3]);
    if (Array.isArray(message) && message[3] === "system") {
      expect(message[4]).toMatchObject({
        extension: "system",
        status: "error",
        message: "Too many messages per second",
      });
    }
  }
  expect(events.filter((event) => event === "broadcast")).toHaveLength(31);
  expect(events.at(-2)).toBe("system");
});

test("over HTTP too many messages are refused, and a batch that would be too many as well", async () => {
  const project = await withLimits({ messagesPerSecond: 1 });
  const post = async (count: number) => {
    const response = await fetch(`${project.url}/realtime/v1/api/broadcast`, {
      method: "POST",
      headers: { "content-type": "application/json", apikey: project.publishableKey },
      body: JSON.stringify({
        messages: Array(count).fill({ topic: "t", event: "e", payload: {} }),
      }),
    });
    return { status: response.status, text: await response.text() };
  };
  const tooLarge = {
    status: 429,
    text: '{"message":"Too many messages to broadcast, please reduce the batch size"}',
  };
  expect(await post(2)).toEqual(tooLarge);
  expect((await post(1)).status).toBe(202);
  expect(await post(1)).toEqual(tooLarge);

  const one = async () => {
    const response = await fetch(`${project.url}/realtime/v1/api/broadcast/t/events/e`, {
      method: "POST",
      headers: { "content-type": "application/json", apikey: project.publishableKey },
      body: "{}",
    });
    return { status: response.status, text: await response.text() };
  };
  for (let sent = 1; sent < 60; sent++) expect((await one()).status).toBe(202);
  expect(await one()).toEqual({
    status: 429,
    text: '{"message":"You have exceeded your rate limit"}',
  });
});

test("a payload beyond the limit is refused, and one that is tracked closes the channel", async () => {
  const project = await withLimits({ payload: 1000 });
  const client = connect(project);
  const channel = client.channel(uniqueName(), { config: { broadcast: { ack: true } } });
  const told: string[] = [];
  channel.on("system", {}, ({ message }) => told.push(message));
  await join(channel);
  const payload = { text: "x".repeat(1000) };
  expect(await channel.send({ type: "broadcast", event: "e", payload })).toBe("error");
  await expect(channel.httpSend("e", payload)).rejects.toThrow("Unprocessable Entity");
  void channel.track(payload);
  await eventually(() => told.length > 0);
  expect(told).toEqual(["Track message size exceeded"]);
});

test("too many presence messages close the channel with the reason", async () => {
  const project = await withLimits({
    presencePerSecond: 0.05,
    presencePerClient: { messages: 1000, seconds: 1 },
  });
  const channel = connect(project).channel(uniqueName());
  const told: string[] = [];
  channel.on("system", {}, ({ message }) => told.push(message));
  await join(channel);
  for (let n = 0; n < 5; n++) void channel.track({ n });
  await eventually(() => told.length > 0);
  expect(told).toEqual(["Too many presence messages per second"]);
});

test("what is refused reaches nobody", async () => {
  const project = await withLimits({ payload: 1000 });
  const topic = uniqueName();
  const listener = connect(project).channel(topic);
  const heard = collect(listener);
  await join(listener);
  const sender = await join(connect(project).channel(topic));
  await sender.send({ type: "broadcast", event: "large", payload: { text: "x".repeat(1000) } });
  await sender.send({ type: "broadcast", event: "small", payload: {} });
  expect(await heard.until(1)).toMatchObject([{ event: "small" }]);
});
