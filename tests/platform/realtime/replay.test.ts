import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  ada,
  aRoom,
  bo,
  collect,
  connect,
  disconnectAll,
  join,
  openProject,
  openSocket,
  type Project,
  refusalOf,
  tokenOf,
  uniqueName,
} from "./support.ts";

let project: Project;

beforeAll(() => {
  project = openProject();
});
afterEach(disconnectAll);
afterAll(() => project.stop());

const since = () => Date.now() - 60_000;
const replaying = (replay: { since: number; limit?: number }) => ({
  config: { private: true, broadcast: { replay } },
});

const say = async (topic: string, ...events: readonly string[]) => {
  for (const event of events) {
    await project.sql("select realtime.send('{\"said\": true}', $1, $2)", [event, topic]);
  }
};

test("who joins late hears the last broadcasts of the database again, oldest first, then the new", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  await say(topic, "one", "two", "three");
  const client = connect(project, { token: await tokenOf(project, ada) });
  const channel = client.channel(topic, replaying({ since: since(), limit: 2 }));
  const heard = collect(channel);
  await join(channel);
  await heard.until(2);
  await say(topic, "four");
  const messages = await heard.until(3);
  expect(messages.map(({ event, meta }) => [event, meta?.replayed ?? false])).toEqual([
    ["two", true],
    ["three", true],
    ["four", false],
  ]);
  expect(messages[0]).toMatchObject({
    payload: { said: true, id: messages[0]?.meta?.id },
    meta: { id: expect.any(String) },
  });
});

test("what is older than asked for is not replayed", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  await say(topic, "old");
  const client = connect(project, { token: await tokenOf(project, ada) });
  const channel = client.channel(topic, replaying({ since: Date.now() + 60_000 }));
  const heard = collect(channel);
  await join(channel);
  await say(topic, "new");
  expect(await heard.until(1)).toMatchObject([{ event: "new" }]);
});

test("at most 25 broadcasts are replayed, and 10 unless more are asked for", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  await project.sql(
    "select realtime.send('{}', n::text, $1) from generate_series(1, 30) n order by n",
    [topic],
  );
  const client = connect(project, { token: await tokenOf(project, ada) });
  const counts: number[] = [];
  for (const limit of [undefined, 1000]) {
    const channel = client.channel(
      topic,
      replaying({ since: since(), ...(limit === undefined ? {} : { limit }) }),
    );
    const heard = collect(channel);
    await join(channel);
    await say(topic, "end");
    await heard.until(1);
    while (heard.received.at(-1)?.event !== "end") await heard.until(heard.received.length + 1);
    counts.push(heard.received.filter(({ meta }) => meta?.replayed).length);
    await client.removeChannel(channel);
  }
  expect(counts).toEqual([10, 25]);
});

test("bytes are replayed as they were sent", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  await project.sql("select realtime.send_binary('\\x00ff', 'bytes', $1)", [topic]);
  const client = connect(project, { token: await tokenOf(project, ada) });
  const channel = client.channel(topic, replaying({ since: since() }));
  const heard = collect(channel);
  await join(channel);
  const [message] = await heard.until(1);
  expect(message?.payload).toBeInstanceOf(ArrayBuffer);
});

test("a public channel has no replay, and wrong parameters are refused", async () => {
  const reasonFor = async (config: object) => {
    const { send, next } = await openSocket(project);
    const topic = `realtime:test-open:${uniqueName()}`;
    send(["1", "1", topic, "phx_join", { config }]);
    return next();
  };
  const refusal = (reason: string) => [
    "1",
    "1",
    expect.any(String),
    "phx_reply",
    { status: "error", response: { reason: `UnableToReplayMessages: ${reason}` } },
  ];
  expect(await reasonFor({ broadcast: { replay: { since: 1 } } })).toEqual(
    refusal("Replay is not allowed for public channels"),
  );
  expect(await reasonFor({ private: true, broadcast: { replay: { since: "yesterday" } } })).toEqual(
    refusal("Replay params are not valid"),
  );
});

test("whom the policies do not let read gets no replay", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  await say(topic, "secret");
  const stranger = connect(project, { token: await tokenOf(project, bo) });
  const denied = `Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`;
  expect(await refusalOf(stranger, stranger.channel(topic, replaying({ since: 0 })))).toBe(denied);
  const silent = await aRoom(project, { ownerId: ada, isSilent: true });
  const client = connect(project, { token: await tokenOf(project, ada) });
  const channel = client
    .channel(silent, replaying({ since: 0 }))
    .on("presence", { event: "sync" }, () => undefined);
  expect(await refusalOf(client, channel)).toContain("do not have permissions to read");
});
