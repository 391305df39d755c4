import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  collect,
  connect,
  disconnectAll,
  eventually,
  join,
  openProject,
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

const post = async (path: string, body: BodyInit, headers: Record<string, string> = {}) => {
  const response = await fetch(`${project.url}/realtime/v1/api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", apikey: project.publishableKey, ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
};

const batch = (...messages: unknown[]) => post("broadcast", JSON.stringify({ messages }));

test("a batch goes out whole and in order", async () => {
  const topic = uniqueName();
  const channel = connect(project).channel(topic);
  const heard = collect(channel);
  await join(channel);
  const messages = [1, 2, 3].map((n) => ({ topic, event: "tick", payload: { n } }));
  expect(await batch(...messages)).toEqual({ status: 202, body: null });
  expect(await heard.until(3)).toEqual(messages.map(({ event, payload }) => ({ event, payload })));
});

test("a batch with one wrong message sends none and says what is wrong", async () => {
  const topic = uniqueName();
  const channel = connect(project).channel(topic);
  const heard = collect(channel);
  await join(channel);
  const good = { topic, event: "tick", payload: {} };
  const wrong = [
    { topic, payload: [] },
    { ...good, topic: " ", payload: null },
    { ...good, private: "maybe", id: 7 },
  ];
  expect(await batch(good, ...wrong)).toEqual({
    status: 422,
    body: {
      errors: {
        messages: [
          {},
          { event: ["can't be blank"], payload: ["is invalid"] },
          { topic: ["can't be blank"], payload: ["can't be blank"] },
          { private: ["is invalid"], id: ["is invalid"] },
        ],
      },
    },
  });
  expect(await batch(good, 7)).toEqual({
    status: 422,
    body: { errors: { messages: ["is invalid"] } },
  });
  for (const body of ["", "null", "[]", "{}", '{"messages":[]}', '{"messages":{}}']) {
    expect(await post("broadcast", body)).toEqual({
      status: 422,
      body: { errors: { messages: ["can't be blank"] } },
    });
  }
  expect((await post("broadcast", "{")).status).toBe(400);
  await batch({ ...good, event: "last" });
  expect(await heard.until(1)).toEqual([{ event: "last", payload: {} }]);
});

test("the id of a message of a batch comes with it", async () => {
  const topic = uniqueName();
  const channel = connect(project).channel(topic);
  const heard: unknown[] = [];
  channel.on("broadcast", { event: "*" }, (message) => heard.push(message));
  await join(channel);
  const message = { topic, event: "tick", payload: {}, private: "false" };
  expect(await batch({ ...message, id: "first" }, message)).toEqual({ status: 202, body: null });
  await eventually(() => heard.length === 2);
  const received = { type: "broadcast", event: "tick", payload: {} };
  expect(heard).toEqual([{ ...received, meta: { id: "first" } }, received]);
});

test("a batch may not be larger than what is sent in a second", async () => {
  const message = { topic: uniqueName(), event: "tick", payload: {} };
  expect(await batch(...Array.from({ length: 2_501 }, () => message))).toEqual({
    status: 429,
    body: { message: "Too many messages to broadcast, please reduce the batch size" },
  });
});

test("nobody sends without a valid key or token", async () => {
  const body = JSON.stringify({ messages: [{ topic: "t", event: "e", payload: {} }] });
  const unauthorized = { status: 401, body: { message: "Unauthorized" } };
  expect(await post("broadcast", body, { apikey: "" })).toEqual(unauthorized);
  expect(await post("broadcast", body, { apikey: "sb_publishable_x" })).toEqual(unauthorized);
  const forged = await tokenOf(project, "ada", { secret: "z".repeat(40) });
  const expired = await tokenOf(project, "ada", { expiresIn: -1 });
  for (const token of [forged, expired, "x"]) {
    const headers = { authorization: `Bearer ${token}` };
    expect(await post("broadcast", body, headers)).toEqual(unauthorized);
    expect(await post("broadcast/t/events/e", "{}", headers)).toEqual(unauthorized);
  }
});

test("one message goes to the topic and event of its path", async () => {
  const topic = `room/${uniqueName()} é`;
  const channel = connect(project).channel(topic);
  const heard = collect(channel);
  await join(channel);
  const path = `broadcast/${encodeURIComponent(topic)}/events/${encodeURIComponent("a/b")}`;
  expect(await post(path, '{"x": 1.50}')).toEqual({ status: 202, body: null });
  expect(await post(path, '"text"')).toEqual({ status: 202, body: null });
  expect(await heard.until(2)).toEqual([
    { event: "a/b", payload: { x: 1.5 } },
    { event: "a/b", payload: { _json: "text" } },
  ]);
});

test("wrong bodies, types, paths and sizes each get their own answer", async () => {
  const path = "broadcast/t/events/e";
  expect((await post(path, "{")).status).toBe(400);
  expect((await post("broadcast/%ff/events/e", "{}")).status).toBe(400);
  expect((await post(path, "x", { "content-type": "text/plain" })).status).toBe(415);
  expect((await post("nowhere", "{}")).status).toBe(404);
  expect(await post(path, JSON.stringify({ text: "x".repeat(3_100_000) }))).toEqual({
    status: 422,
    body: { errors: { payload: ["Payload size exceeds tenant limit"] } },
  });
  expect((await post("broadcast", "x".repeat(8_100_000))).status).toBe(413);
  const get = await fetch(`${project.url}/realtime/v1/api/broadcast`);
  expect(get.status).toBe(404);
});

test("web pages of other origins may call it", async () => {
  const preflight = await fetch(`${project.url}/realtime/v1/api/broadcast/t/events/e`, {
    method: "OPTIONS",
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
});
