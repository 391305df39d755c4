import { once } from "node:events";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { WebSocket } from "ws";
import { clientAt } from "../../support/client.ts";
import { junk, junkText, runs } from "./junk.ts";

const { url, publishableKey } = inject("project");

const open = async (version: string): Promise<WebSocket> => {
  const address = url.replace(/^http/, "ws");
  const query = new URLSearchParams({ apikey: publishableKey, vsn: version });
  const socket = new WebSocket(`${address}/realtime/v1/websocket?${query}`);
  socket.on("error", () => undefined);
  await once(socket, "open");
  return socket;
};

const topics = fc.oneof(
  fc.constantFrom("realtime:fuzz", "realtime:", "phoenix", "realtime:*", "t".repeat(100_000)),
  junkText,
);
const events = fc.oneof(
  fc.constantFrom(
    "phx_join",
    "phx_leave",
    "heartbeat",
    "broadcast",
    "presence",
    "access_token",
    "postgres_changes",
    "phx_close",
    "phx_error",
  ),
  junkText,
);
const config = fc.record(
  {
    broadcast: junk,
    presence: fc.oneof(junk, fc.record({ key: junk, enabled: junk })),
    postgres_changes: fc.oneof(
      junk,
      fc.array(
        fc.record(
          { event: junk, schema: junk, table: junk, filter: fc.oneof(junk, junkText) },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
    ),
    private: junk,
  },
  { requiredKeys: [] },
);
const payloads = fc.oneof(
  junk,
  fc.record({ config: fc.oneof(config, junk), access_token: junk }, { requiredKeys: [] }),
  fc.record({ type: junk, event: junk, payload: junk }, { requiredKeys: [] }),
);
const refs = fc.oneof(fc.constantFrom("1", "2", null), junk);

/** Messages of both serializers, near enough to be read, and frames that are no messages at all. */
const frames = fc.oneof(
  fc.tuple(refs, refs, topics, events, payloads).map((message) => JSON.stringify(message)),
  fc
    .record({ join_ref: refs, ref: refs, topic: topics, event: events, payload: payloads })
    .map((message) => JSON.stringify(message)),
  fc.tuple(junk, junk, junk, junk, junk).map((message) => JSON.stringify(message)),
  junk.map((value) => JSON.stringify(value)),
  junkText,
  // Kind, then the lengths of what follows, then what seldom is as long.
  fc.uint8Array({ maxLength: 60 }),
  fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 4, 255), fc.uint8Array({ maxLength: 60 }))
    .map(([kind, rest]) => Uint8Array.from([kind, ...rest])),
);

/** Whether somebody who behaves still gets what another one sends. */
const stillServes = async (): Promise<boolean> => {
  const [sender, listener] = [clientAt(url, publishableKey), clientAt(url, publishableKey)];
  const topic = `after-fuzz-${process.pid}`;
  try {
    const heard = new Promise<boolean>((resolve) => {
      listener
        .channel(topic)
        .on("broadcast", { event: "ping" }, () => resolve(true))
        .subscribe((status) => {
          if (status === "SUBSCRIBED") void sender.channel(topic).httpSend("ping", {});
        });
    });
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5_000).unref());
    return await Promise.race([heard, late]);
  } finally {
    await Promise.all([sender.removeAllChannels(), listener.removeAllChannels()]);
  }
};

test.each(["1.0.0", "2.0.0"])(
  "no sequence of frames of serializer %s takes Realtime down",
  async (version) => {
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 20 }), async (sent) => {
        const socket = await open(version);
        for (const frame of sent) if (socket.readyState === socket.OPEN) socket.send(frame);
        if (socket.readyState === socket.OPEN) {
          socket.ping();
          await Promise.race([once(socket, "pong"), once(socket, "close")]);
        }
        socket.terminate();
      }),
      { numRuns: runs(80) },
    );
    expect(await stillServes()).toBe(true);
  },
);

test("a flood from one client is its own affair", async () => {
  const socket = await open("2.0.0");
  const join = ["1", "1", "realtime:flood", "phx_join", { config: { broadcast: { self: true } } }];
  socket.send(JSON.stringify(join));
  const message = { type: "broadcast", event: "x", payload: { text: "y".repeat(500) } };
  for (let sent = 0; sent < 3_000; sent++) {
    if (socket.readyState !== socket.OPEN) break;
    socket.send(JSON.stringify(["1", String(sent), "realtime:flood", "broadcast", message]));
  }
  expect(await stillServes()).toBe(true);
  socket.terminate();
});

test("a frame larger than is taken ends that connection alone", async () => {
  const socket = await open("2.0.0");
  socket.send("x".repeat(12_000_000));
  await once(socket, "close");
  expect(await stillServes()).toBe(true);
});
