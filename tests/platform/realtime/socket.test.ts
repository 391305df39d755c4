import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  ada,
  aRoom,
  collect,
  connect,
  disconnectAll,
  join,
  openProject,
  openSocket,
  type Project,
  tokenOf,
  uniqueName,
} from "./support.ts";

let project: Project;

beforeAll(() => {
  project = openProject();
});
afterEach(disconnectAll);
afterAll(() => project.stop());

const heartbeat = [null, "99", "phoenix", "heartbeat", {}];
const heartbeatReply = [null, "99", "phoenix", "phx_reply", { status: "ok", response: {} }];
const joined = { status: "ok", response: { postgres_changes: [] } };

test("version 2 clients are answered with arrays", async () => {
  const { send, next } = await openSocket(project);
  const topic = `realtime:${uniqueName()}`;
  send(["1", "1", topic, "phx_join", { config: { broadcast: { self: true } } }]);
  expect(await next()).toEqual(["1", "1", topic, "phx_reply", joined]);
  send(["1", "2", topic, "broadcast", { type: "broadcast", event: "e", payload: { x: 1 } }]);
  expect(await next()).toEqual([
    null,
    null,
    topic,
    "broadcast",
    { type: "broadcast", event: "e", payload: { x: 1 } },
  ]);
  send(heartbeat);
  expect(await next()).toEqual(heartbeatReply);
  send(["1", "3", topic, "phx_leave", {}]);
  expect(await next()).toEqual(["1", "3", topic, "phx_reply", { status: "ok", response: {} }]);
  expect(await next()).toEqual(["1", "1", topic, "phx_close", {}]);
});

test("version 1 clients are answered with objects", async () => {
  const { send, next } = await openSocket(project, { vsn: "1.0.0" });
  const topic = `realtime:${uniqueName()}`;
  send({ topic, event: "phx_join", payload: {}, ref: "1", join_ref: "1" });
  expect(await next()).toEqual({ topic, event: "phx_reply", payload: joined, ref: "1" });
  send({ topic: "phoenix", event: "heartbeat", payload: {}, ref: "2" });
  expect(await next()).toEqual({
    topic: "phoenix",
    event: "phx_reply",
    payload: { status: "ok", response: {} },
    ref: "2",
  });
  await connect(project).channel(topic.slice("realtime:".length)).httpSend("e", { x: 1 });
  expect(await next()).toEqual({
    topic,
    event: "broadcast",
    payload: { type: "broadcast", event: "e", payload: { x: 1 } },
    ref: null,
  });
});

test("a broadcast in a binary frame arrives as one, its payload untouched", async () => {
  const { socket, send, next } = await openSocket(project);
  const ok = { status: "ok", response: {} };
  send(["1", "1", "realtime:b", "phx_join", { config: { broadcast: { self: true, ack: true } } }]);
  await next();
  socket.send(Buffer.from('\x03\x01\x01\x0a\x02\x00\x0112realtime:bev{"x": 1.0}', "latin1"));
  expect(await next()).toEqual(Buffer.from('\x04\x0a\x02\x00\x01realtime:bev{"x": 1.0}', "latin1"));
  expect(await next()).toEqual(["1", "2", "realtime:b", "phx_reply", ok]);
  socket.send(Buffer.from("\x03\x01\x01\x0a\x02\x00\x0013realtime:bev\x00\xff", "latin1"));
  expect(await next()).toEqual(Buffer.from("\x04\x0a\x02\x00\x00realtime:bev\x00\xff", "latin1"));
  expect(await next()).toEqual(["1", "3", "realtime:b", "phx_reply", ok]);
});

test("frames that are no messages are ignored and the socket lives on", async () => {
  const { socket, send, next } = await openSocket(project);
  send(["1", "1", "realtime:m", "phx_join", {}]);
  await next();
  const malformed = [
    "",
    "{",
    "null",
    "[]",
    "[1,2,3]",
    '["1","2","realtime:m","broadcast"]',
    '["1","2",{"topic":1},"broadcast",{}]',
    '["1","2","realtime:m","broadcast","text"]',
    '{"topic":"realtime:m","event":"broadcast","payload":{}}',
    Buffer.alloc(0),
    Buffer.from([3]),
    Buffer.from([3, 255, 255, 255, 255, 255, 1]),
    Buffer.from([9, 9, 9, 9, 9, 9, 9, 9]),
    Buffer.from("\x03\x01\x01\x0a\x02\x00\x0112realtime:mev{broken", "latin1"),
    Buffer.from("\x03\x01\x01\x0a\x02\x00\x0112realtime:m\xff\xfe{}", "latin1"),
  ];
  for (const frame of malformed) socket.send(frame);
  send(heartbeat);
  expect(await next()).toEqual(heartbeatReply);
});

test("messages that make no sense get an error or nothing, never a crash", async () => {
  const { send, next } = await openSocket(project);
  const unmatched = { status: "error", response: { reason: "unmatched topic" } };
  send([null, "1", "realtime:never-joined", "broadcast", {}]);
  expect(await next()).toEqual([null, "1", "realtime:never-joined", "phx_reply", unmatched]);
  send(["2", "2", "elsewhere", "phx_join", {}]);
  expect(await next()).toEqual(["2", "2", "elsewhere", "phx_reply", unmatched]);
  send(["3", "3", "realtime:", "phx_join", {}]);
  const reason = "TopicNameRequired: You must provide a topic name";
  const nameless = { status: "error", response: { reason } };
  expect(await next()).toEqual(["3", "3", "realtime:", "phx_reply", nameless]);
  const topic = "realtime:odd";
  const config = { broadcast: 7, presence: [], postgres_changes: null, private: "maybe" };
  send(["4", "4", topic, "phx_join", { config, access_token: 5 }]);
  expect(await next()).toEqual(["4", "4", topic, "phx_reply", joined]);
  for (const access_token of [null, 5, {}, project.publishableKey]) {
    send(["4", "5", topic, "access_token", { access_token }]);
  }
  send(["4", "6", topic, "toString", {}]);
  send(["4", "7", topic, "presence", { event: "dance" }]);
  expect(await next()).toMatchObject(["4", "7", topic, "phx_reply", { status: "error" }]);
  send(["4", "7", topic, "presence", { event: "track", payload: 7 }]);
  expect(await next()).toMatchObject([
    "4",
    "7",
    topic,
    "phx_reply",
    { status: "error", response: { reason: "Presence track payload must be a map" } },
  ]);
  send(["4", "7", topic, "presence", { event: "track" }]);
  expect(await next()).toMatchObject([null, null, topic, "presence_diff", {}]);
  expect(await next()).toMatchObject(["4", "7", topic, "phx_reply", { status: "ok" }]);
  expect(await next()).toMatchObject(["4", null, topic, "presence_state", {}]);
  send([null, "8", "__proto__", "phx_leave", {}]);
  expect(await next()).toMatchObject([null, "8", "__proto__", "phx_reply", { status: "ok" }]);
});

test("joining again replaces the channel and tells the one that was there", async () => {
  const { send, next, frames } = await openSocket(project);
  const topic = `realtime:${uniqueName()}`;
  send(["1", "1", topic, "phx_join", {}]);
  await next();
  send(["2", "2", topic, "phx_join", {}]);
  expect(await next()).toEqual(["1", "1", topic, "phx_close", {}]);
  expect(await next()).toEqual(["2", "2", topic, "phx_reply", joined]);
  await connect(project).channel(topic.slice("realtime:".length)).httpSend("once", {});
  send(heartbeat);
  expect(await next()).toBeInstanceOf(Buffer);
  expect(await next()).toEqual(heartbeatReply);
  expect(frames).toEqual([]);
});

test("messages sent right behind a private join are handled after it, in order", async () => {
  const topic = `realtime:${await aRoom(project, { ownerId: ada, isOpen: true })}`;
  const { send, next } = await openSocket(project);
  const config = { private: true, broadcast: { self: true } };
  send(["1", "1", topic, "phx_join", { config, access_token: await tokenOf(project, ada) }]);
  for (let n = 0; n < 200; n++) {
    send(["1", String(n), topic, "broadcast", { type: "broadcast", event: "e", payload: { n } }]);
  }
  send(["1", "left", topic, "phx_leave", {}]);
  expect(await next()).toMatchObject(["1", "1", topic, "phx_reply", { status: "ok" }]);
  for (let n = 0; n < 200; n++) {
    expect(await next()).toMatchObject([null, null, topic, "broadcast", { payload: { n } }]);
  }
  expect(await next()).toMatchObject(["1", "left", topic, "phx_reply", { status: "ok" }]);
});

test("a broadcast larger than 3 MB is refused, and a frame larger than 8 MB ends the socket", async () => {
  const { send, next, closed } = await openSocket(project);
  send(["1", "1", "realtime:big", "phx_join", { config: { broadcast: { ack: true } } }]);
  await next();
  const broadcast = (size: number) => ({ event: "e", payload: { text: "x".repeat(size) } });
  send(["1", "2", "realtime:big", "broadcast", broadcast(3_100_000)]);
  expect(await next()).toMatchObject([
    "1",
    "2",
    "realtime:big",
    "phx_reply",
    { status: "error", response: { reason: "payload_size_exceeded" } },
  ]);
  send(["1", "3", "realtime:big", "broadcast", broadcast(8_100_000)]);
  expect(await closed).toBe(1009);
});

test("a subscriber that stops reading is dropped while the others hear everything", async () => {
  const topic = uniqueName();
  const slow = await openSocket(project);
  slow.send(["1", "1", `realtime:${topic}`, "phx_join", {}]);
  await slow.next();
  slow.socket.pause();
  const listener = connect(project).channel(topic);
  const heard = collect(listener);
  await join(listener);
  const sender = connect(project).channel(topic);
  const count = 60;
  for (let n = 0; n < count; n++) await sender.httpSend(String(n), { text: "x".repeat(500_000) });
  const messages = await heard.until(count);
  expect(messages.map(({ event }) => Number(event))).toEqual([...Array(count).keys()]);
  slow.socket.resume();
  expect(await slow.closed).toBe(1006);
  expect(slow.frames.length).toBeLessThan(count);
});

test("only a known API key opens a socket", async () => {
  const refusal = (apikey: string, vsn = "2.0.0") =>
    openSocket(project, { apikey, vsn }).then(
      () => "opened",
      (error: Error) => error.message,
    );
  const unauthorized = "Unexpected server response: 401";
  expect(await refusal("")).toBe(unauthorized);
  expect(await refusal("sb_publishable_of_another_project")).toBe(unauthorized);
  expect(await refusal("anything")).toBe(unauthorized);
  const legacy = (options: { expiresIn?: number; secret?: string }) =>
    tokenOf(project, ada, { role: "anon", ...options });
  expect(await refusal(await legacy({ secret: "y".repeat(40) }))).toBe(unauthorized);
  expect(await refusal(await legacy({ expiresIn: -1 }))).toBe(unauthorized);
  expect(await refusal(project.publishableKey, "3.0.0")).toBe("Unexpected server response: 400");
  expect(await refusal(await legacy({}))).toBe("opened");
  expect(await refusal(project.secretKey)).toBe("opened");
});
