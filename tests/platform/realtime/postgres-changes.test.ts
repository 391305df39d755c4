import {
  postgresChangesFilter,
  type RealtimeChannel,
  type RealtimePostgresChangesFilter,
  type RealtimePostgresChangesPayload,
  type SupabaseClient,
} from "@supabase/supabase-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  ada,
  bo,
  connect,
  disconnectAll,
  eventually,
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

type Change = RealtimePostgresChangesPayload<Record<string, unknown>>;
type Filter = RealtimePostgresChangesFilter<"*">;
const tasks: Filter = { event: "*", schema: "public", table: "test_tasks" };

/** Subscribes; resolves when the server says that every later change will be heard. */
const watch = async (channel: RealtimeChannel, ...filters: readonly Filter[]) => {
  const changes: Change[] = [];
  for (const filter of filters) {
    channel.on("postgres_changes", filter, (change) => changes.push(change));
  }
  const told: { status: string; extension: string; message: string }[] = [];
  channel.on("system", {}, ({ status, extension, message }) =>
    told.push({ status, extension, message }),
  );
  await new Promise<void>((resolve, reject) =>
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status === "CHANNEL_ERROR") reject(error);
    }),
  );
  await eventually(() => told.length > 0);
  return {
    changes,
    told,
    until: async (count: number) => {
      await eventually(() => changes.length >= count);
      return changes;
    },
  };
};

const subscribed = {
  status: "ok",
  extension: "postgres_changes",
  message: "Subscribed to PostgreSQL",
};

const watchAs = async (client: SupabaseClient, ...filters: readonly Filter[]) =>
  watch(client.channel(uniqueName()), ...filters);

const asUser = async (id: string) => connect(project, { token: await tokenOf(project, id) });

const oldId = ({ old }: Change) => ("id" in old ? old.id : undefined);

/** Writes a task that everybody may see, whose title marks the end of what came before. */
const finish = (batch: string) =>
  project.sql("insert into public.test_tasks (batch, title) values ($1, 'end')", [batch]);

const titles = (changes: readonly Change[]) =>
  changes.map(({ new: row }) => ("title" in row ? row.title : undefined));

const newTask = (batch: string, title: string, ownerId: string | null = null) =>
  project.sql(
    "insert into public.test_tasks (batch, title, owner_id) values ($1, $2, $3::text::uuid)",
    [batch, title, ownerId],
  );

test("a subscriber hears inserts, updates and deletes, each with what Supabase tells of it", async () => {
  const batch = uniqueName();
  const heard = await watchAs(connect(project), { ...tasks });
  expect(heard.told).toEqual([subscribed]);
  const [row] = await project.sql(
    `insert into public.test_tasks (batch, title, points, price, is_done, tags, details, due_at, secret)
     values ($1, 'Tea', 3, 2.50, false, '{a,b}', '{"x": 1}', '2026-03-01 12:00+01', 'hidden')
     returning id::integer as id`,
    [batch],
  );
  const id = Number(row?.id);
  await project.sql("update public.test_tasks set points = 4 where id = $1", [id]);
  await project.sql("delete from public.test_tasks where id = $1", [id]);
  await eventually(() => heard.changes.some(({ eventType }) => eventType === "DELETE"));
  const [inserted, updated, deleted] = heard.changes.filter(
    (change) => ("batch" in change.new && change.new.batch === batch) || oldId(change) === id,
  );
  const common = {
    schema: "public",
    table: "test_tasks",
    commit_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    errors: null,
  };
  const task = {
    id,
    owner_id: null,
    batch,
    title: "Tea",
    points: 3,
    price: 2.5,
    is_done: false,
    tags: ["a", "b"],
    details: { x: 1 },
    due_at: "2026-03-01T11:00:00+00:00",
  };
  expect(inserted).toEqual({ ...common, eventType: "INSERT", new: task, old: {} });
  expect(updated).toEqual({
    ...common,
    eventType: "UPDATE",
    new: { ...task, points: 4 },
    old: { id },
  });
  expect(deleted).toEqual({ ...common, eventType: "DELETE", new: {}, old: { id } });
});

test("the message on the wire has the bindings' ids and the columns with their types", async () => {
  const batch = uniqueName();
  const { send, next } = await openSocket(project);
  const topic = `realtime:${uniqueName()}`;
  const bindings = [
    { event: "INSERT", schema: "public", table: "test_tasks", filter: `batch=eq.${batch}` },
    { event: "*", schema: "public", table: "test_tasks", filter: `batch=eq.${batch}` },
  ];
  send(["1", "1", topic, "phx_join", { config: { postgres_changes: bindings } }]);
  expect(await next()).toEqual([
    "1",
    "1",
    topic,
    "phx_reply",
    {
      status: "ok",
      response: { postgres_changes: bindings.map((each) => ({ ...each, id: expect.any(Number) })) },
    },
  ]);
  const channel = topic.slice("realtime:".length);
  expect(await next()).toEqual(["1", null, topic, "system", { ...subscribed, channel }]);
  await newTask(batch, "Tea");
  expect(await next()).toEqual([
    null,
    null,
    topic,
    "postgres_changes",
    {
      ids: [expect.any(Number), expect.any(Number)],
      data: expect.objectContaining({
        schema: "public",
        table: "test_tasks",
        type: "INSERT",
        errors: null,
        columns: expect.arrayContaining([
          { name: "id", type: "int8" },
          { name: "tags", type: "_text" },
          { name: "due_at", type: "timestamptz" },
        ]),
        record: expect.objectContaining({ title: "Tea" }),
      }),
    },
  ]);
});

test("everybody hears of those rows only that the policies show them", async () => {
  const batch = uniqueName();
  const filter: Filter = { ...tasks, filter: `batch=eq.${batch}` };
  const visitor = await watchAs(connect(project), filter);
  const adas = await watchAs(await asUser(ada), filter);
  const bos = await watchAs(await asUser(bo), filter);
  const service = await watchAs(
    connect(project, { token: await tokenOf(project, ada, { role: "service_role" }) }),
    filter,
  );
  await newTask(batch, "for Ada", ada);
  await newTask(batch, "for Bo", bo);
  await finish(batch);
  for (const { changes } of [visitor, adas, bos, service]) {
    await eventually(() => titles(changes).includes("end"));
  }
  expect(titles(visitor.changes)).toEqual(["end"]);
  expect(titles(adas.changes)).toEqual(["for Ada", "end"]);
  expect(titles(bos.changes)).toEqual(["for Bo", "end"]);
  expect(titles(service.changes)).toEqual(["for Ada", "for Bo", "end"]);
});

test("a row that changes hands is heard by who may see it afterwards", async () => {
  const batch = uniqueName();
  const filter: Filter = { ...tasks, filter: `batch=eq.${batch}` };
  await newTask(batch, "handed over", ada);
  const adas = await watchAs(await asUser(ada), filter);
  const bos = await watchAs(await asUser(bo), filter);
  await project.sql(
    "update public.test_tasks set owner_id = $2::text::uuid where batch = $1 and owner_id is not null",
    [batch, bo],
  );
  await finish(batch);
  expect(titles(await bos.until(2))).toEqual(["handed over", "end"]);
  expect(titles(await adas.until(1))).toEqual(["end"]);
});

test("columns that a role may not select are left out, and cannot be filtered by", async () => {
  const batch = uniqueName();
  const heard = await watchAs(connect(project), { ...tasks, filter: `batch=eq.${batch}` });
  await project.sql("insert into public.test_tasks (batch, secret) values ($1, 'hidden')", [batch]);
  const [change] = await heard.until(1);
  expect(change?.new).not.toHaveProperty("secret");
  const refused = await watchAs(connect(project), { ...tasks, filter: "secret=eq.hidden" });
  expect(refused.told).toEqual([
    {
      status: "error",
      extension: "postgres_changes",
      message: expect.stringMatching(/Exception: ERROR P0001 .* invalid column for filter secret$/),
    },
  ]);
});

describe("filters", () => {
  const matches: Record<string, readonly string[]> = {
    "points=eq.2": ["two"],
    "points=neq.2": ["one", "three"],
    "points=lt.2": ["one"],
    "points=lte.2": ["one", "two"],
    "points=gt.2": ["three"],
    "points=gte.2": ["two", "three"],
    "points=in.(1,3)": ["one", "three"],
    "title=like.t%": ["two", "three"],
    "title=ilike.T%": ["two", "three"],
    "title=match.^t[a-z]o$": ["two"],
    "title=imatch.^T": ["two", "three"],
    "is_done=is.true": ["one"],
    "is_done=is.null": ["nothing", "three", "end"],
    "is_done=isdistinct.true": ["nothing", "two", "three", "end"],
    "points=not.eq.2": ["one", "three"],
    "points=not.in.(1,2)": ["three"],
    "is_done=not.is.null": ["one", "two"],
    "points=gt.1,points=lt.3": ["two"],
    'title=in.("one","with, comma")': ["one"],
    "price=eq.1.0": ["one"],
  };

  test.each(Object.entries(matches))("%s", async (filter, expected) => {
    const batch = uniqueName();
    const heard = await watchAs(connect(project), {
      ...tasks,
      filter: `batch=eq.${batch},${filter}`,
    });
    const end = await watchAs(connect(project), { ...tasks, filter: `batch=eq.${batch}` });
    await project.sql(
      `insert into public.test_tasks (batch, title, points, is_done, price) values
         ($1, 'nothing', null, null, null), ($1, 'one', 1, true, 1), ($1, 'two', 2, false, 2),
         ($1, 'three', 3, null, 3)`,
      [batch],
    );
    await finish(batch);
    await eventually(() => titles(end.changes).includes("end"));
    await heard.until(expected.length);
    expect(titles(heard.changes)).toEqual(expected);
  });

  test("of the client's builder say what they mean", async () => {
    const batch = `a,b(${uniqueName()})`;
    const heard = await watchAs(connect(project), {
      ...tasks,
      filter: postgresChangesFilter().eq("batch", batch).gt("points", 1),
    });
    expect(heard.told).toEqual([subscribed]);
    await project.sql(
      "insert into public.test_tasks (batch, title, points) values ($1, 'low', 1), ($1, 'high', 2)",
      [batch],
    );
    expect(titles(await heard.until(1))).toEqual(["high"]);
  });

  test.each([
    ["points=foo.1", 'Error parsing `filter` params: ["foo", "1"]'],
    ["undefined", 'Error parsing `filter` params: ["undefined"]'],
    ["points=in.1", "`in` filter value must be wrapped by parentheses"],
    ["points=eq.1,", "must not contain empty segments"],
    ["nothing=eq.1", "invalid column for filter nothing"],
    ["points=eq.many", "invalid input syntax for type integer"],
    ["points=like.1", "operator like is not supported on column points of type integer"],
    ["points=is.true", "is true filter requires a boolean column, got integer"],
    ["title=match.[", "invalid regular expression for match filter"],
  ])("that make no sense are refused with the reason: %s", async (filter, reason) => {
    const { told } = await watchAs(connect(project), { ...tasks, filter });
    expect(told).toEqual([
      {
        status: "error",
        extension: "postgres_changes",
        message: expect.stringContaining(reason),
      },
    ]);
  });
});

test("a subscription to no table is refused with what was asked for", async () => {
  const { told } = await watchAs(connect(project), {
    event: "*",
    schema: "public",
    filter: "id=eq.1",
  });
  expect(told[0]?.message).toContain(
    "No subscription params provided. Please provide at least a `schema` or `table` to subscribe " +
      'to: %{"event" => "*", "filter" => "id=eq.1", "schema" => "public"}',
  );
});

test("event, schema, table and star choose what is heard", async () => {
  const batch = uniqueName();
  const inserts: unknown[] = [];
  const channel = connect(project).channel(uniqueName());
  channel.on(
    "postgres_changes",
    { event: "INSERT", schema: "public", table: "test_tasks", filter: `batch=eq.${batch}` },
    (change) => inserts.push(change.eventType),
  );
  const all = await watch(channel, { event: "*", schema: "public" });
  const everything = await watchAs(connect(project), { event: "*", schema: "*" });
  await newTask(batch, "Tea");
  await project.sql("insert into public.test_counters values ($1, 1)", [batch]);
  await project.sql("update public.test_tasks set title = 'Coffee' where batch = $1", [batch]);
  const ours = (changes: readonly Change[]) =>
    changes.flatMap(({ table, eventType, new: row }) =>
      ("batch" in row && row.batch === batch) || ("id" in row && row.id === batch)
        ? [`${eventType} ${table}`]
        : [],
    );
  const expected = ["INSERT test_tasks", "INSERT test_counters", "UPDATE test_tasks"];
  await eventually(() => ours(all.changes).length >= 3 && ours(everything.changes).length >= 3);
  expect(ours(all.changes)).toEqual(expected);
  expect(ours(everything.changes)).toEqual(expected);
  expect(inserts).toEqual(["INSERT"]);
});

test("a subscription may name the columns that it wants", async () => {
  const batch = uniqueName();
  const heard = await watchAs(connect(project), {
    ...tasks,
    filter: `batch=eq.${batch}`,
    select: ["title"],
  });
  await newTask(batch, "Tea");
  const [change] = await heard.until(1);
  expect(change?.new).toEqual({ id: expect.any(Number), title: "Tea" });
  const refused = await watchAs(connect(project), { ...tasks, select: ["secret"] });
  expect(refused.told[0]?.message).toContain("invalid column for select secret");
  const star = await watchAs(connect(project), { event: "*", schema: "public", select: ["id"] });
  expect(star.told[0]?.message).toContain("Column selection is not supported for wildcard");
});

test("a table without policies and with full replica identity tells the whole old row", async () => {
  const id = uniqueName();
  const heard = await watchAs(connect(project), {
    event: "*",
    schema: "public",
    table: "test_counters",
    filter: `id=eq.${id}`,
  });
  await project.sql("insert into public.test_counters values ($1, 1, 'first')", [id]);
  await project.sql("update public.test_counters set value = 2 where id = $1", [id]);
  await project.sql("delete from public.test_counters where id = $1", [id]);
  const whole = { id, value: 1, note: "first" };
  expect(await heard.until(3)).toMatchObject([
    { eventType: "INSERT", new: whole, old: {} },
    { eventType: "UPDATE", new: { ...whole, value: 2 }, old: whole },
    { eventType: "DELETE", new: {}, old: { ...whole, value: 2 } },
  ]);
});

test("deleted rows are told to every subscriber of the table, by their key only", async () => {
  const batch = uniqueName();
  await newTask(batch, "for Ada", ada);
  const [row] = await project.sql("select id from public.test_tasks where batch = $1", [batch]);
  const stranger = await watchAs(connect(project), { ...tasks });
  await project.sql("delete from public.test_tasks where batch = $1", [batch]);
  const deletions = () =>
    stranger.changes.filter((change) => String(oldId(change)) === String(row?.id));
  await eventually(() => deletions().length > 0);
  expect(deletions()).toMatchObject([
    { eventType: "DELETE", new: {}, old: { id: Number(row?.id) } },
  ]);
});

test("a table that is not published or does not exist is refused with the reason", async () => {
  for (const table of ["test_unpublished", "test_nowhere"]) {
    const { told } = await watchAs(connect(project), { event: "*", schema: "public", table });
    expect(told).toEqual([
      {
        status: "error",
        extension: "postgres_changes",
        message:
          "Unable to subscribe to changes with given parameters. Please check Realtime is " +
          "enabled for the given connect parameters: [event: *, schema: public, " +
          `table: ${table}, filters: [], select: nil]`,
      },
    ]);
  }
});

test("whoever may not select a table's key is told that there was a change, and nothing of it", async () => {
  const batch = uniqueName();
  const heard = await watchAs(connect(project), {
    event: "*",
    schema: "public",
    table: "test_hidden",
  });
  await project.sql("insert into public.test_hidden (batch) values ($1)", [batch]);
  const [change] = await heard.until(1);
  expect(change).toMatchObject({
    eventType: "INSERT",
    new: {},
    errors: ["Error 401: Unauthorized"],
  });
});

test("a policy that fails for one subscriber fails for that one only, and for that row only", async () => {
  const batch = uniqueName();
  const filter: Filter = {
    event: "*",
    schema: "public",
    table: "test_fragile",
    filter: `batch=eq.${batch}`,
  };
  const user = await watchAs(await asUser(ada), filter);
  const visitor = await watchAs(connect(project), filter);
  await project.sql(
    "insert into public.test_fragile (batch, divisor) values ($1, 1), ($1, 0), ($1, 1)",
    [batch],
  );
  const failed = {
    new: {},
    errors: ["Error 500: Internal Server Error, RLS policy evaluation failed"],
  };
  expect(await user.until(3)).toMatchObject([
    { new: { divisor: 1 } },
    failed,
    { new: { divisor: 1 } },
  ]);
  expect(await visitor.until(3)).toMatchObject([
    { new: { divisor: 1 }, errors: null },
    { new: { divisor: 0 }, errors: null },
    { new: { divisor: 1 }, errors: null },
  ]);
});

test("of a row beyond a megabyte only the short columns are told, with an error", async () => {
  const batch = uniqueName();
  const heard = await watchAs(connect(project), { ...tasks, filter: `batch=eq.${batch}` });
  await project.sql(
    "insert into public.test_tasks (batch, title, points) values ($1, repeat('x', 1100000), 7)",
    [batch],
  );
  const [change] = await heard.until(1);
  expect(change).toMatchObject({
    new: { batch, points: 7 },
    errors: ["Error 413: Payload Too Large"],
  });
  expect(change?.new).not.toHaveProperty("title");
});

test("a new token is what the policies judge by from then on", async () => {
  const batch = uniqueName();
  const client = connect(project);
  await client.realtime.setAuth(await tokenOf(project, ada));
  const heard = await watchAs(client, { ...tasks, filter: `batch=eq.${batch}` });
  await newTask(batch, "for Ada", ada);
  await heard.until(1);
  await client.realtime.setAuth(await tokenOf(project, bo));
  await eventually(() => heard.told.length === 2);
  expect(heard.told).toEqual([subscribed, subscribed]);
  await newTask(batch, "for Ada again", ada);
  await newTask(batch, "for Bo", bo);
  expect(titles(await heard.until(2))).toEqual(["for Ada", "for Bo"]);
});

test("nothing is told of a transaction that rolls back, and the others come in their order", async () => {
  const batch = uniqueName();
  const heard = await watchAs(connect(project), { ...tasks, filter: `batch=eq.${batch}` });
  await expect(
    project.sql(`do $$ begin
      insert into public.test_tasks (batch, title) values ('${batch}', 'undone');
      raise exception 'no';
    end $$`),
  ).rejects.toThrow("no");
  await project.sql(
    "insert into public.test_tasks (batch, title) select $1, n::text from generate_series(1, 300) n",
    [batch],
  );
  const changes = await heard.until(300);
  expect(titles(changes)).toEqual(Array.from({ length: 300 }, (_, n) => String(n + 1)));
});

test("a table published while the server runs can be watched, and one taken out no more", async () => {
  const table = `test_late_${uniqueName()}`;
  await project.sql(
    `create table public.${table} (id integer primary key, body text);
     grant select on public.${table} to anon;
     alter publication supabase_realtime add table public.${table}`,
  );
  const filter: Filter = { event: "*", schema: "public", table };
  const heard = await watchAs(connect(project), filter);
  await project.sql(`insert into public.${table} values (1, 'one')`);
  expect(await heard.until(1)).toMatchObject([{ new: { id: 1, body: "one" } }]);
  await project.sql(`alter publication supabase_realtime drop table public.${table}`);
  const { told } = await watchAs(connect(project), filter);
  expect(told).toMatchObject([{ status: "error" }]);
  await project.sql(`drop table public.${table}`);
});

test("leaving ends the subscription", async () => {
  const batch = uniqueName();
  const client = connect(project);
  const channel = client.channel(uniqueName());
  const heard = await watch(channel, { ...tasks, filter: `batch=eq.${batch}` });
  const other = await watchAs(connect(project), { ...tasks, filter: `batch=eq.${batch}` });
  await client.removeChannel(channel);
  await finish(batch);
  await other.until(1);
  expect(heard.changes).toEqual([]);
});
