import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { clientAt } from "../support/client.ts";
import { takePortBlock } from "../support/ports.ts";
import { refusedStart, type StackProcess, startProcess } from "../support/stack-process.ts";

const folders: string[] = [];
const running: StackProcess[] = [];

afterEach(async () => {
  for (const stack of running.splice(0)) await stack.end("SIGKILL");
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const start = async (args: readonly string[]): Promise<StackProcess> => {
  const stack = await startProcess(args);
  running.push(stack);
  return stack;
};

/** A project that is no shop: one table that everybody may read and write. */
const notesProject = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "supamarket-notes-"));
  folders.push(folder);
  await mkdir(join(folder, "supabase", "migrations"), { recursive: true });
  await writeFile(
    join(folder, "supabase", "config.toml"),
    'project_id = "notes"\n[auth]\nenable_anonymous_sign_ins = true\n',
  );
  await writeFile(
    join(folder, "supabase", "migrations", "20260101000000_notes.sql"),
    `create table public.notes (id bigint generated always as identity primary key, text text not null);
     alter table public.notes enable row level security;
     create policy select_all on public.notes for select to anon using (true);
     create policy insert_all on public.notes for insert to anon with check (true);
     grant select, insert on public.notes to anon;`,
  );
  return folder;
};

const argumentsFor = async (folder: string): Promise<string[]> => [
  "--workdir",
  folder,
  "--port",
  String(await takePortBlock()),
];

const clientOf = ({ status }: StackProcess) => clientAt(status.API_URL, status.PUBLISHABLE_KEY);

describe("the local stack", () => {
  test("refuses to start over an applied migration that was changed, and says which", async () => {
    const folder = await notesProject();
    const args = await argumentsFor(folder);
    const stack = await start(args);
    expect(await stack.end("SIGTERM")).toBe(0);

    const path = join(folder, "supabase", "migrations", "20260101000000_notes.sql");
    await writeFile(path, `${await readFile(path, "utf8")}\nselect 1;`);
    const { code, stderr } = await refusedStart(args);
    expect(code).toBe(1);
    expect(stderr).toContain("20260101000000_notes.sql was changed after it had been applied");
    expect(stderr.trim().split("\n")).toHaveLength(1);

    const reset = await start([...args, "--reset"]);
    const { error } = await clientOf(reset).from("notes").select("text");
    expect(error).toBeNull();
  }, 90_000);

  test("names the file and line of a migration that fails, and leaves nothing of it", async () => {
    const folder = await notesProject();
    const path = join(folder, "supabase", "migrations", "20260102000000_broken.sql");
    await writeFile(path, "create table public.half (id int);\n\nselect * from nowhere;\n");
    const args = await argumentsFor(folder);
    const { code, stderr } = await refusedStart(args);
    expect(code).toBe(1);
    expect(stderr).toContain(
      '20260102000000_broken.sql:3 failed: relation "nowhere" does not exist',
    );

    await writeFile(path, "create table public.half (id int);\n");
    await start(args);
  }, 60_000);

  test("a migration cannot do what the role postgres may not do on Supabase", async () => {
    const folder = await notesProject();
    const path = join(folder, "supabase", "migrations", "20260102000000_too_much.sql");
    await writeFile(path, "alter table auth.users add column shoe_size int;\n");
    const { code, stderr } = await refusedStart(await argumentsFor(folder));
    expect(code).toBe(1);
    expect(stderr).toContain("must be owner of table users");
  }, 60_000);

  test("says in one sentence which port is taken", async () => {
    const folder = await notesProject();
    const args = await argumentsFor(folder);
    const studio = Number(args.at(-1)) + 2;
    const holder = createServer().listen(studio, "127.0.0.1");
    const { code, stderr } = await refusedStart(args);
    holder.close();
    expect(code).toBe(1);
    expect(stderr.trim()).toMatch(
      new RegExp(`^Port ${studio} \\(studio\\) is taken.*--port N\`\\.$`),
    );
  });

  test("refuses a second stack on the same data", async () => {
    const folder = await notesProject();
    await start(await argumentsFor(folder));
    const { code, stderr } = await refusedStart(await argumentsFor(folder));
    expect(code).toBe(1);
    expect(stderr).toMatch(/Another stack \(process \d+\) uses/);
  }, 60_000);

  test("explains unknown options and a folder without a project", async () => {
    expect((await refusedStart(["--prot", "1"])).stderr).toContain("Unknown option '--prot'");
    const empty = await mkdtemp(join(tmpdir(), "supamarket-empty-"));
    folders.push(empty);
    const { code, stderr } = await refusedStart(["--workdir", empty]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "config.toml does not exist; name the project's folder with --workdir",
    );
  });

  test("ends every process it started when it is told to stop", async () => {
    const folder = await notesProject();
    const functions = join(folder, "supabase", "functions", "hello");
    await mkdir(functions, { recursive: true });
    await writeFile(join(functions, "index.ts"), 'Deno.serve(() => new Response("hello"));\n');
    await writeFile(
      join(folder, "supabase", "config.toml"),
      'project_id = "notes"\n[functions.hello]\nverify_jwt = false\n',
    );
    const stack = await start([...(await argumentsFor(folder)), "--memory"]);
    const answer = await fetch(`${stack.status.API_URL}/functions/v1/hello`);
    expect(await answer.text()).toBe("hello");
    const children = await childrenOf(stack.child.pid ?? 0);
    expect(children.length).toBeGreaterThan(0);

    expect(await stack.end("SIGINT")).toBe(0);
    await expect.poll(() => alive(children), { timeout: 5_000 }).toEqual([]);
  }, 60_000);
});

/** Process ids below `pid`, read from /proc (Linux); elsewhere none are found and the test says so. */
const childrenOf = async (pid: number): Promise<number[]> => {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, "utf8")),
  );
  const direct = lists.join(" ").split(/\s+/).filter(Boolean).map(Number);
  const below = await Promise.all(direct.map(childrenOf));
  return [...direct, ...below.flat()];
};

const alive = (pids: readonly number[]): number[] =>
  pids.filter((pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  });
