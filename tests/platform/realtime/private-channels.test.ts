import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  ada,
  aRoom,
  bo,
  collect,
  connect,
  disconnectAll,
  eventually,
  join,
  openProject,
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

const asPrivate = { config: { private: true } };
const denied = (topic: string) =>
  `Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`;

/** What becomes of a joined channel: its system messages, and whether it was closed. */
const fateOf = (channel: ReturnType<ReturnType<typeof connect>["channel"]>) => {
  const fate = { closed: false, messages: [] as unknown[] };
  channel.on("system", {}, ({ status, extension, message }) =>
    fate.messages.push({ status, extension, message }),
  );
  const joined = new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status === "CLOSED") fate.closed = true;
      else reject(error);
    });
  });
  return { fate, joined };
};

test("a private channel opens to whom the policies let read, and to nobody else", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  await join(connect(project, { token: await tokenOf(project, ada) }).channel(topic, asPrivate));
  const stranger = connect(project, { token: await tokenOf(project, bo) });
  expect(await refusalOf(stranger, stranger.channel(topic, asPrivate))).toBe(denied(topic));
  const visitor = connect(project);
  expect(await refusalOf(visitor, visitor.channel(topic, asPrivate))).toBe(denied(topic));
});

test("visitors without a session join what the policies open to anon", async () => {
  const topic = `test-open:${uniqueName()}`;
  const channel = connect(project).channel(topic, asPrivate);
  const heard = collect(channel);
  await join(channel);
  await project.sql("select realtime.send('{}', 'stock.changed', $1)", [topic]);
  expect(await heard.until(1)).toMatchObject([{ event: "stock.changed" }]);
});

test("joining leaves no message behind", async () => {
  const topic = await aRoom(project, { ownerId: ada, isOpen: true });
  const channel = connect(project, { token: await tokenOf(project, ada) }).channel(
    topic,
    asPrivate,
  );
  await join(channel);
  await channel.send({ type: "broadcast", event: "hello", payload: {} });
  expect(await project.sql("select id from realtime.messages where topic = $1", [topic])).toEqual(
    [],
  );
});

test("a broadcast reaches a private channel only from whom the policies let write", async () => {
  const open = await aRoom(project, { ownerId: ada, isOpen: true });
  const shut = await aRoom(project, { ownerId: ada });
  const client = connect(project, { token: await tokenOf(project, ada) });
  const answers: Record<string, string> = {};
  for (const topic of [open, shut]) {
    const channel = client.channel(topic, {
      config: { private: true, broadcast: { ack: true, self: true } },
    });
    const heard = collect(channel);
    await join(channel);
    answers[topic] = await channel.send(
      { type: "broadcast", event: "hello", payload: {} },
      { timeout: 500 },
    );
    expect(heard.received).toHaveLength(topic === open ? 1 : 0);
  }
  // As on Supabase, a refused broadcast is met with silence.
  expect(answers).toEqual({ [open]: "ok", [shut]: "timed out" });
});

test("over HTTP too, only whom the policies let write reaches a private channel", async () => {
  const topic = await aRoom(project, { ownerId: ada, isOpen: true });
  const owner = connect(project, { token: await tokenOf(project, ada) });
  const channel = owner.channel(topic, asPrivate);
  const heard = collect(channel);
  await join(channel);
  const stranger = connect(project, { token: await tokenOf(project, bo) });
  await expect(stranger.channel(topic, asPrivate).httpSend("forged", {})).rejects.toThrow(
    "Unauthorized",
  );
  const batch = { messages: [{ topic, event: "forged", payload: {}, private: true }] };
  const post = (authorization: string, body: unknown) =>
    fetch(`${project.url}/realtime/v1/api/broadcast`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify(body),
    });
  const strange = await post(`Bearer ${await tokenOf(project, bo)}`, batch);
  expect(strange.status).toBe(202);
  const service = await post(`Bearer ${project.secretKey}`, {
    messages: [{ ...batch.messages[0], event: "service" }],
  });
  expect(service.status).toBe(202);
  await channel.httpSend("owner", {});
  expect((await heard.until(2)).map(({ event }) => event)).toEqual(["service", "owner"]);
});

test("a policy that fails denies its own caller only", async () => {
  const topic = `test-broken:${uniqueName()}`;
  const room = await aRoom(project, { ownerId: ada });
  const token = await tokenOf(project, ada);
  const broken = connect(project, { token });
  const healthy = connect(project, { token });
  const [refusal] = await Promise.all([
    refusalOf(broken, broken.channel(topic, asPrivate)),
    join(healthy.channel(room, asPrivate)),
  ]);
  expect(refusal).toBe(denied(topic));
});

test("an expired, a forged, a malformed and an incomplete token are refused with the reason", async () => {
  const reasonFor = async (token: string) => {
    const client = connect(project, { token });
    return refusalOf(client, client.channel(uniqueName()));
  };
  const valid = await tokenOf(project, ada);
  expect(await reasonFor(await tokenOf(project, ada, { expiresIn: -60 }))).toMatch(
    /^InvalidJWTToken: Token has expired 6\d seconds ago$/,
  );
  expect(await reasonFor(await tokenOf(project, ada, { secret: "x".repeat(40) }))).toBe(
    "JwtSignatureError: Failed to validate JWT signature",
  );
  const [header, , signature] = valid.split(".");
  const claims = Buffer.from('{"role":"service_role","exp":9999999999}').toString("base64url");
  expect(await reasonFor(`${header}.${claims}.${signature}`)).toBe(
    "JwtSignatureError: Failed to validate JWT signature",
  );
  const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${claims}.`;
  expect(await reasonFor(unsigned)).toBe("JwtSignatureError: Failed to validate JWT signature");
  expect(await reasonFor("not-a-token")).toBe(
    "MalformedJWT: The token provided is not a valid JWT",
  );
  expect(await reasonFor(await tokenOf(project, ada, { role: undefined }))).toBe(
    "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
  );
});

test("a token of a role that the database does not know opens no private channel", async () => {
  const topic = `test-open:${uniqueName()}`;
  const client = connect(project, { token: await tokenOf(project, ada, { role: "nobody" }) });
  expect(await refusalOf(client, client.channel(topic, asPrivate))).toBe(denied(topic));
});

test("a refreshed token keeps the channel beyond the expiry of the first", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada, { expiresIn: 5 }));
  const channel = client.channel(topic, asPrivate);
  const heard = collect(channel);
  const { fate, joined } = fateOf(channel);
  await joined;
  const firstEnds = Date.now() + 5_000;
  await client.realtime.setAuth(await tokenOf(project, ada));
  await eventually(() => Date.now() > firstEnds + 200);
  await project.sql("select realtime.send('{}', 'still here', $1)", [topic]);
  expect(await heard.until(1)).toMatchObject([{ event: "still here" }]);
  expect(fate).toEqual({ closed: false, messages: [] });
});

test("an expired token closes its channel", async () => {
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada, { expiresIn: 4 }));
  const { fate, joined } = fateOf(client.channel(uniqueName()));
  await joined;
  await eventually(() => fate.closed);
  expect(fate.messages).toEqual([
    {
      status: "error",
      extension: "system",
      message: expect.stringMatching(/^Token has expired \d seconds ago$/),
    },
  ]);
});

test("a refresh after access was revoked closes the channel, and nothing more is heard", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada));
  const channel = client.channel(topic, asPrivate);
  const heard = collect(channel);
  const { fate, joined } = fateOf(channel);
  await joined;
  await project.sql("delete from public.test_rooms where 'test-room:' || name = $1", [topic]);
  await client.realtime.setAuth(await tokenOf(project, ada, { refreshed: true }));
  await eventually(() => fate.closed);
  expect(fate.messages).toEqual([
    {
      status: "error",
      extension: "system",
      message: `You do not have permissions to read from this Channel topic: ${topic}`,
    },
  ]);
  await project.sql("select realtime.send('{}', 'secret', $1)", [topic]);
  expect(heard.received).toEqual([]);
});

test("a refresh after a part of the access was revoked closes the channel as well", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada));
  const channel = client.channel(topic, asPrivate);
  channel.on("presence", { event: "sync" }, () => undefined);
  const { fate, joined } = fateOf(channel);
  await joined;
  await project.sql(
    "update public.test_rooms set is_silent = true where 'test-room:' || name = $1",
    [topic],
  );
  await client.realtime.setAuth(await tokenOf(project, ada, { refreshed: true }));
  await eventually(() => fate.closed);
  expect(fate.messages).toMatchObject([
    { message: `You no longer have permission to read from this Channel topic: ${topic}` },
  ]);
});

test("a refresh with a forged token closes the channel", async () => {
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada));
  const { fate, joined } = fateOf(client.channel(uniqueName()));
  await joined;
  await client.realtime.setAuth(await tokenOf(project, bo, { secret: "x".repeat(40) }));
  await eventually(() => fate.closed);
  expect(fate.messages).toMatchObject([{ message: "Failed to validate JWT signature" }]);
});

test("a refresh asks again who may write", async () => {
  const topic = await aRoom(project, { ownerId: ada, isOpen: true });
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada));
  const channel = client.channel(topic, { config: { private: true, broadcast: { ack: true } } });
  await join(channel);
  const send = () =>
    channel.send({ type: "broadcast", event: "hello", payload: {} }, { timeout: 500 });
  expect(await send()).toBe("ok");
  await project.sql(
    "update public.test_rooms set is_open = false where 'test-room:' || name = $1",
    [topic],
  );
  expect(await send()).toBe("ok");
  await client.realtime.setAuth(await tokenOf(project, ada, { refreshed: true }));
  expect(await send()).toBe("timed out");
});

test("100 private joins at once are all answered, each by its own policy", async () => {
  const rooms = await Promise.all(
    Array.from({ length: 100 }, (_, n) => aRoom(project, { ownerId: n % 2 ? ada : bo })),
  );
  const token = await tokenOf(project, ada);
  const outcomes = await Promise.all(
    rooms.map(async (topic) => {
      const client = connect(project, { token });
      return join(client.channel(topic, asPrivate)).then(
        () => true,
        () => false,
      );
    }),
  );
  expect(outcomes).toEqual(rooms.map((_, n) => n % 2 === 1));
});
