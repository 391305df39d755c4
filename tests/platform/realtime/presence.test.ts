import type { RealtimeChannel } from "@supabase/supabase-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ada,
  aRoom,
  connect,
  disconnectAll,
  eventually,
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

/** What the channel is told of presence, in order; joining asks for presence by that. */
const watch = (channel: RealtimeChannel) => {
  const events: string[] = [];
  const names = (metas: readonly Record<string, unknown>[]) =>
    metas.map(({ name }) => name).join("+");
  channel.on("presence", { event: "sync" }, () => events.push("sync"));
  channel.on("presence", { event: "join" }, ({ key, newPresences }) =>
    events.push(`${key} came: ${names(newPresences)}`),
  );
  channel.on("presence", { event: "leave" }, ({ key, leftPresences }) =>
    events.push(`${key} left: ${names(leftPresences)}`),
  );
  return events;
};

const withKey = (key: string, more = {}) => ({ config: { presence: { key }, ...more } });

/** Who is there, by key, as the names that they track. */
const present = (channel: RealtimeChannel) =>
  Object.fromEntries(
    Object.entries(channel.presenceState<{ name: string }>()).map(([key, metas]) => [
      key,
      metas.map(({ name }) => name),
    ]),
  );

describe.each(["1.0.0", "2.0.0"] as const)("with serializer %s", (vsn) => {
  test("everybody in a channel sees who comes and who leaves", async () => {
    const topic = uniqueName();
    const adas = connect(project, { vsn }).channel(topic, withKey("ada"));
    const bos = connect(project, { vsn }).channel(topic, withKey("bo"));
    const seen = watch(adas);
    watch(bos);
    await join(adas);
    expect(await adas.track({ name: "Ada" })).toBe("ok");
    await join(bos);
    // Who comes later is told who is there already.
    await eventually(() => "ada" in bos.presenceState());
    expect(present(bos)).toEqual({ ada: ["Ada"] });
    expect(await bos.track({ name: "Bo" })).toBe("ok");
    await eventually(() => "bo" in adas.presenceState());
    expect(await bos.untrack()).toBe("ok");
    await eventually(() => !("bo" in adas.presenceState()));
    expect(present(adas)).toEqual({ ada: ["Ada"] });
    expect(seen.filter((event) => event !== "sync")).toEqual([
      "ada came: Ada",
      "bo came: Bo",
      "bo left: Bo",
    ]);
  });
});

test("whoever loses the connection has left, and is there again after coming back", async () => {
  const topic = uniqueName();
  const watcher = connect(project).channel(topic, withKey("watcher"));
  const seen = watch(watcher);
  await join(watcher);
  const client = connect(project);
  const channel = client.channel(topic, withKey("guest"));
  watch(channel);
  channel.subscribe((status) => {
    if (status === "SUBSCRIBED") void channel.track({ name: "Guest" });
  });
  await eventually(() => "guest" in watcher.presenceState());
  await client.realtime.disconnect();
  await eventually(() => !("guest" in watcher.presenceState()));
  client.realtime.connect();
  await eventually(() => "guest" in watcher.presenceState());
  expect(present(watcher)).toEqual({ guest: ["Guest"] });
  expect(seen.filter((event) => event !== "sync")).toEqual([
    "guest came: Guest",
    "guest left: Guest",
    "guest came: Guest",
  ]);
});

/** Joins the topic as this key, on a socket that asks for presence. */
const openPresence = async (topic: string, key: string) => {
  const socket = await openSocket(project);
  const to = `realtime:${topic}`;
  const config = { presence: { enabled: true, key } };
  socket.send(["1", "1", to, "phx_join", { config }]);
  expect(await socket.next()).toMatchObject(["1", "1", to, "phx_reply", { status: "ok" }]);
  const state = z.array(z.unknown()).parse(await socket.next())[4];
  return {
    state,
    /** The next change of who is there; whatever is no such thing is passed over. */
    nextDiff: async (): Promise<unknown> => {
      for (;;) {
        const message = await socket.next();
        if (Array.isArray(message) && message[3] === "presence_diff") return message[4];
      }
    },
    track: (name: string) =>
      socket.send(["1", "2", to, "presence", { event: "track", payload: { name } }]),
    leave: () => socket.send(["1", "3", to, "phx_leave", {}]),
  };
};

const meta = (name: string) => expect.objectContaining({ name, phx_ref: expect.any(String) });

// Told by the wire, since supabase-js before its pull request 2566 garbles both of these.
test("who changes leaves and comes in one, by references that belong together", async () => {
  const topic = uniqueName();
  const watcher = await openPresence(topic, "watcher");
  const guest = await openPresence(topic, "guest");
  guest.track("Guest");
  expect(await watcher.nextDiff()).toEqual({
    joins: { guest: { metas: [meta("Guest")] } },
    leaves: {},
  });
  guest.track("Guest, typing");
  const diff = await watcher.nextDiff();
  expect(diff).toEqual({
    joins: { guest: { metas: [meta("Guest, typing")] } },
    leaves: { guest: { metas: [meta("Guest")] } },
  });
  const Metas = z.object({
    guest: z.object({
      metas: z.tuple([z.object({ phx_ref: z.string(), phx_ref_prev: z.string().optional() })]),
    }),
  });
  const { joins, leaves } = z.object({ joins: Metas, leaves: Metas }).parse(diff);
  expect(joins.guest.metas[0].phx_ref_prev).toBe(leaves.guest.metas[0].phx_ref);
});

test("several clients of one key are told apart, and the key stays until the last leaves", async () => {
  const topic = uniqueName();
  const watcher = await openPresence(topic, "watcher");
  const windows = [await openPresence(topic, "ada"), await openPresence(topic, "ada")];
  for (const [number, window] of windows.entries()) {
    window.track(`window ${number}`);
    expect(await watcher.nextDiff()).toEqual({
      joins: { ada: { metas: [meta(`window ${number}`)] } },
      leaves: {},
    });
  }
  const late = await openPresence(topic, "late");
  expect(late.state).toEqual({ ada: { metas: [meta("window 0"), meta("window 1")] } });
  windows[0]?.leave();
  expect(await watcher.nextDiff()).toEqual({
    joins: {},
    leaves: { ada: { metas: [meta("window 0")] } },
  });
  const later = await openPresence(topic, "later");
  expect(later.state).toEqual({ ada: { metas: [meta("window 1")] } });
});

test("a client without a key gets one of its own", async () => {
  const topic = uniqueName();
  const channels = [0, 1].map(() => connect(project).channel(topic));
  for (const channel of channels) {
    watch(channel);
    await join(channel);
    await channel.track({ name: "somebody" });
  }
  await eventually(() => channels.every((channel) => Object.keys(present(channel)).length === 2));
});

test("tracking the same again says nothing new", async () => {
  const { send, next, frames } = await openSocket(project);
  const topic = `realtime:${uniqueName()}`;
  const track = { type: "presence", event: "TRACK", payload: { name: "Ada" } };
  send(["1", "1", topic, "phx_join", { config: { presence: { enabled: true, key: "ada" } } }]);
  expect(await next()).toMatchObject(["1", "1", topic, "phx_reply", { status: "ok" }]);
  expect(await next()).toEqual(["1", null, topic, "presence_state", {}]);
  send(["1", "2", topic, "presence", track]);
  expect(await next()).toEqual([
    null,
    null,
    topic,
    "presence_diff",
    { joins: { ada: { metas: [meta("Ada")] } }, leaves: {} },
  ]);
  expect(await next()).toMatchObject(["1", "2", topic, "phx_reply", { status: "ok" }]);
  send(["1", "3", topic, "presence", track]);
  expect(await next()).toMatchObject(["1", "3", topic, "phx_reply", { status: "ok" }]);
  expect(frames).toEqual([]);
});

test("who did not ask for presence is told nothing when joining, and everything after tracking", async () => {
  const topic = uniqueName();
  const earlier = connect(project).channel(topic, withKey("earlier"));
  watch(earlier);
  await join(earlier);
  await earlier.track({ name: "Earlier" });
  const { send, next } = await openSocket(project);
  const to = `realtime:${topic}`;
  send(["1", "1", to, "phx_join", { config: { presence: { enabled: false, key: "late" } } }]);
  expect(await next()).toMatchObject(["1", "1", to, "phx_reply", { status: "ok" }]);
  send(["1", "2", to, "presence", { event: "track", payload: {} }]);
  expect(await next()).toMatchObject([null, null, to, "presence_diff", {}]);
  expect(await next()).toMatchObject(["1", "2", to, "phx_reply", { status: "ok" }]);
  expect(await next()).toMatchObject(["1", null, to, "presence_state", { earlier: {}, late: {} }]);
});

test("in a private channel the policies decide who may be present", async () => {
  const open = await aRoom(project, { ownerId: ada, isOpen: true });
  const shut = await aRoom(project, { ownerId: ada });
  const client = connect(project, { token: await tokenOf(project, ada) });
  const answers: Record<string, string> = {};
  for (const topic of [open, shut]) {
    const channel = client.channel(topic, withKey("ada", { private: true }));
    watch(channel);
    await join(channel);
    answers[topic] = await channel.track({ name: "Ada" });
  }
  expect(answers).toEqual({ [open]: "ok", [shut]: "error" });
});

test("the policies on extension presence decide who may see who is there", async () => {
  // Its owner may see who is there, but hears no broadcasts.
  const topic = await aRoom(project, { ownerId: ada, isOpen: true, isSilent: true });
  const client = connect(project, { token: await tokenOf(project, ada) });
  const channel = client.channel(topic, withKey("ada", { private: true }));
  const heard: unknown[] = [];
  watch(channel);
  channel.on("broadcast", { event: "*" }, (message) => heard.push(message));
  await join(channel);
  await project.sql("select realtime.send('{}', 'secret', $1)", [topic]);
  expect(await channel.track({ name: "Ada" })).toBe("ok");
  await eventually(() => "ada" in channel.presenceState());
  expect(heard).toEqual([]);
});

test("a client that tracks too often in a while has its channel closed with the reason", async () => {
  const channel = connect(project).channel(uniqueName());
  const told: string[] = [];
  let closed = false;
  channel.on("system", {}, ({ message }) => told.push(message));
  await new Promise<void>((resolve) =>
    channel.subscribe((status) => {
      if (status === "SUBSCRIBED") resolve();
      if (status === "CLOSED") closed = true;
    }),
  );
  for (let n = 0; n < 20; n++) void channel.track({ n });
  await eventually(() => closed);
  expect(told).toEqual(["Client presence rate limit exceeded"]);
});

test("whom the policies do not let see who is there is not told by tracking either", async () => {
  const topic = `test-open:${uniqueName()}`;
  const { send, next, frames } = await openSocket(project);
  const to = `realtime:${topic}`;
  // The policies let everybody hear this topic, and nobody be present in it.
  send(["1", "1", to, "phx_join", { config: { private: true } }]);
  expect(await next()).toMatchObject(["1", "1", to, "phx_reply", { status: "ok" }]);
  send(["1", "2", to, "presence", { event: "track", payload: {} }]);
  expect(await next()).toEqual(["1", "2", to, "phx_reply", { status: "error", response: {} }]);
  send([null, "3", "phoenix", "heartbeat", {}]);
  expect(await next()).toMatchObject([null, "3", "phoenix", "phx_reply", { status: "ok" }]);
  expect(frames).toEqual([]);
});
