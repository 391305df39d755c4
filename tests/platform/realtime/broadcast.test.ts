import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  ada,
  aRoom,
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

const versions = ["1.0.0", "2.0.0"] as const;

describe.each(versions)("a client with serializer %s", (vsn) => {
  test("hears what another client broadcasts, but not itself", async () => {
    const topic = uniqueName();
    const sender = connect(project, { vsn }).channel(topic);
    const listener = connect(project, { vsn }).channel(topic);
    const sent = collect(sender);
    const heard = collect(listener);
    await Promise.all([join(sender), join(listener)]);
    await sender.send({ type: "broadcast", event: "moved", payload: { x: 1, text: "ä€𝄞" } });
    expect(await heard.until(1)).toEqual([{ event: "moved", payload: { x: 1, text: "ä€𝄞" } }]);
    expect(sent.received).toEqual([]);
  });

  test("hears itself when it asks for that", async () => {
    const channel = connect(project, { vsn }).channel(uniqueName(), {
      config: { broadcast: { self: true } },
    });
    const heard = collect(channel);
    await join(channel);
    await channel.send({ type: "broadcast", event: "moved", payload: { x: 1 } });
    expect(await heard.until(1)).toEqual([{ event: "moved", payload: { x: 1 } }]);
  });

  test("gets an acknowledgement when it asks for one", async () => {
    const channel = connect(project, { vsn }).channel(uniqueName(), {
      config: { broadcast: { ack: true } },
    });
    await join(channel);
    const answer = await channel.send({ type: "broadcast", event: "moved", payload: {} });
    expect(answer).toBe("ok");
  });

  test("hears broadcasts sent over HTTP", async () => {
    const topic = uniqueName();
    const listener = connect(project, { vsn }).channel(topic);
    const heard = collect(listener);
    await join(listener);
    const sender = connect(project, { vsn });
    expect(await sender.channel(topic).httpSend("moved", { x: 1 })).toEqual({ success: true });
    // Not joined, so supabase-js falls back to the batch endpoint.
    expect(
      await sender.channel(topic).send({ type: "broadcast", event: "moved", payload: { x: 2 } }),
    ).toBe("ok");
    expect(await heard.until(2)).toEqual([
      { event: "moved", payload: { x: 1 } },
      { event: "moved", payload: { x: 2 } },
    ]);
  });

  test("hears what the database sends to a private channel", async () => {
    const topic = await aRoom(project, { ownerId: ada });
    const channel = connect(project, { vsn, token: await tokenOf(project, ada) }).channel(topic, {
      config: { private: true },
    });
    const heard = collect(channel);
    await join(channel);
    await project.sql("select realtime.send($1::text::jsonb, 'order.status', $2)", [
      '{"status": "paid", "text": "line\\nbreak"}',
      topic,
    ]);
    const [message] = await heard.until(1);
    expect(message).toMatchObject({
      event: "order.status",
      payload: { status: "paid", text: "line\nbreak", id: message?.meta?.id },
    });
  });

  test("stays connected by its heartbeat", async () => {
    const beats: string[] = [];
    const client = connect(project, { vsn, heartbeatCallback: (status) => beats.push(status) });
    await join(client.channel(uniqueName()));
    await client.realtime.sendHeartbeat();
    await eventually(() => beats.includes("ok"));
  });
});

test("clients of both serializer versions hear each other", async () => {
  const topic = uniqueName();
  const [old, current] = versions.map((vsn) => connect(project, { vsn }).channel(topic));
  if (!old || !current) throw new Error("There are two versions.");
  const heardByOld = collect(old);
  const heardByCurrent = collect(current);
  await Promise.all([join(old), join(current)]);
  await old.send({ type: "broadcast", event: "a", payload: { from: "old" } });
  await current.send({ type: "broadcast", event: "b", payload: { from: "current" } });
  expect(await heardByCurrent.until(1)).toEqual([{ event: "a", payload: { from: "old" } }]);
  expect(await heardByOld.until(1)).toEqual([{ event: "b", payload: { from: "current" } }]);
});

test("bytes reach clients as they were sent", async () => {
  const topic = uniqueName();
  const sender = connect(project).channel(topic);
  const listener = connect(project).channel(topic);
  const heard = collect(listener);
  await Promise.all([join(sender), join(listener)]);
  const bytes = Uint8Array.from([0, 255, 128, 10]);
  await sender.send({ type: "broadcast", event: "socket", payload: bytes.buffer });
  await sender.httpSend("http", bytes);
  await project.sql("select realtime.send_binary('\\x00ff800a', 'database', $1, false)", [topic]);
  for (const { payload } of await heard.until(3)) {
    expect(payload).toBeInstanceOf(ArrayBuffer);
    if (payload instanceof ArrayBuffer) expect(new Uint8Array(payload)).toEqual(bytes);
  }
  expect(heard.received.map(({ event }) => event)).toEqual(["socket", "http", "database"]);
});

test("a topic and event longer than a binary header holds still arrive", async () => {
  const topic = uniqueName().padEnd(300, "x");
  const listener = connect(project).channel(topic);
  const heard = collect(listener);
  await join(listener);
  await connect(project).channel(topic).httpSend("e".repeat(300), { x: 1 });
  expect(await heard.until(1)).toEqual([{ event: "e".repeat(300), payload: { x: 1 } }]);
});

test("public and private channels of one name are apart", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  const channel = connect(project).channel(topic);
  const heard = collect(channel);
  await join(channel);
  await project.sql("select realtime.send('{}', 'private', $1, true)", [topic]);
  await project.sql("select realtime.send('{}', 'public', $1, false)", [topic]);
  expect(await heard.until(1)).toMatchObject([{ event: "public" }]);
});

test("a trigger with broadcast_changes tells a private channel the old and the new row", async () => {
  const topic = await aRoom(project, { ownerId: ada });
  const channel = connect(project, { token: await tokenOf(project, ada) }).channel(topic, {
    config: { private: true },
  });
  const heard = collect(channel);
  await join(channel);
  const table = `test_stock_${uniqueName()}`;
  await project.sql(`create table public.${table} (id int primary key, on_hand int)`);
  await project.sql(`create function public.tell_${table}() returns trigger
    language plpgsql security definer set search_path = '' as $$
    begin
      perform realtime.broadcast_changes(
        '${topic}', tg_op, tg_op, tg_table_name, tg_table_schema, new, old
      );
      return null;
    end $$`);
  await project.sql(`create trigger tell after insert or update or delete on public.${table}
    for each row execute function public.tell_${table}()`);
  await project.sql(`insert into public.${table} values (1, 5)`);
  await project.sql(`update public.${table} set on_hand = 4`);
  await project.sql(`delete from public.${table}`);
  const change = { schema: "public", table };
  expect(await heard.until(3)).toMatchObject([
    {
      payload: { ...change, operation: "INSERT", record: { id: 1, on_hand: 5 }, old_record: null },
    },
    {
      payload: {
        ...change,
        operation: "UPDATE",
        record: { on_hand: 4 },
        old_record: { on_hand: 5 },
      },
    },
    {
      payload: { ...change, operation: "DELETE", record: null, old_record: { id: 1, on_hand: 4 } },
    },
  ]);
});

test("who asks for it is told when the database can be heard", async () => {
  const channel = connect(project).channel(uniqueName(), {
    config: { broadcast: { replication_ready: true } },
  });
  const told: unknown[] = [];
  channel.on("system", {}, (message) => told.push(message));
  await join(channel);
  await eventually(() => told.length > 0);
  expect(told).toMatchObject([
    { status: "ok", extension: "system", message: "Replication connection established" },
  ]);
});

test("nothing is heard of a transaction that rolls back", async () => {
  const topic = uniqueName();
  const channel = connect(project).channel(topic);
  const heard = collect(channel);
  await join(channel);
  const failing = `do $$ begin
    perform realtime.send('{}', 'undone', '${topic}', false);
    raise exception 'no';
  end $$`;
  await expect(project.sql(failing)).rejects.toThrow("no");
  await project.sql("select realtime.send('{}', 'done', $1, false)", [topic]);
  expect(await heard.until(1)).toMatchObject([{ event: "done" }]);
});

test("a broadcast that cannot be sent does not fail the transaction", async () => {
  const topic = uniqueName();
  await project.sql("select realtime.send('[1]', 'event', $1)", [topic]);
  await project.sql("select realtime.send('{}', 'event', null)");
  expect(await project.sql("select id from realtime.messages where topic = $1", [topic])).toEqual(
    [],
  );
});

test("messages too long for a notification arrive whole and in their place", async () => {
  const topic = uniqueName();
  const channel = connect(project).channel(topic);
  const heard = collect(channel);
  await join(channel);
  const sizes = [10, 20_000, 7_900, 1_000_000, 10, 7_600];
  await project.sql(
    `select realtime.send(jsonb_build_object('text', repeat('ä', size::int / 2)), size, $1, false)
     from jsonb_array_elements_text($2::text::jsonb) with ordinality as s (size, position)
     order by position`,
    [topic, JSON.stringify(sizes)],
  );
  const messages = await heard.until(sizes.length);
  expect(messages.map(({ event }) => Number(event))).toEqual(sizes);
  expect(messages).toMatchObject(
    sizes.map((size) => ({ payload: { text: "ä".repeat(size / 2) } })),
  );
});

test("messages of many senders keep each sender's order", async () => {
  const topic = uniqueName();
  const listener = connect(project).channel(topic);
  const heard = collect(listener);
  await join(listener);
  const senders = [0, 1, 2].map(() => connect(project).channel(topic));
  await Promise.all(senders.map(join));
  for (let n = 0; n < 100; n++) {
    for (const [sender, channel] of senders.entries()) {
      void channel.send({ type: "broadcast", event: String(sender), payload: { n } });
    }
    await project.sql("select realtime.send($1::text::jsonb, 'database', $2, false)", [
      JSON.stringify({ n }),
      topic,
    ]);
  }
  const messages = await heard.until(400);
  for (const event of ["0", "1", "2", "database"]) {
    const numbers = messages.filter((message) => message.event === event).map((m) => m.payload);
    expect(numbers).toMatchObject(Array.from({ length: 100 }, (_, n) => ({ n })));
  }
});

test("300 subscribers all hear one message", async () => {
  const topic = uniqueName();
  const channels = Array.from({ length: 300 }, () =>
    connect(project).channel(topic, { config: { private: false } }),
  );
  const listeners = channels.map(collect);
  await Promise.all(channels.map(join));
  await project.sql("select realtime.send('{\"on_hand\": 3}', 'stock.changed', $1, false)", [
    topic,
  ]);
  const heard = await Promise.all(listeners.map(({ until }) => until(1)));
  expect(heard.every(([message]) => message?.event === "stock.changed")).toBe(true);
});
