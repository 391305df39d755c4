import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Desk, openDesk } from "./cli.ts";

let desk: Desk;
let remote: string;

beforeAll(async () => {
  desk = await openDesk();
  remote = `--remote=${desk.databaseUrl}`;
  await desk.write(
    "supabase/migrations/20270101000000_cups.sql",
    `-- One; with a semicolon
create table public.cups (
  id bigint generated always as identity primary key,
  note text not null default 'a;b'
);
alter table public.cups enable row level security;
grant select on public.cups to anon;
create policy select_public on public.cups for select to anon using (true);

create function public.cup_count() returns bigint
language plpgsql stable set search_path = ''
as $$
begin
  -- a semicolon; in a body
  return (select count(*) from public.cups);
end;
$$;

insert into public.cups default values;
`,
  );
  const dry = await desk.supabase("db", "push", remote, "--dry-run", "--yes");
  expect(dry.stdout + dry.stderr).toContain("20270101000000_cups.sql");
  expect((await desk.supabase("db", "push", remote, "--yes")).code).toBe(0);
});

afterAll(() => desk.close());

describe("the Supabase CLI against the stack's database", () => {
  test("db push applies new migrations, once", async () => {
    const again = await desk.supabase("db", "push", remote, "--yes");
    expect(again.code).toBe(0);
    expect(again.stdout + again.stderr).toContain("up to date");

    await desk.write(
      "supabase/migrations/20270102000000_cups_add_size.sql",
      "alter table public.cups add column size integer;",
    );
    expect((await desk.supabase("db", "push", "--db-url", desk.databaseUrl, "--yes")).code).toBe(0);
    const { stdout } = await desk.psql(["-Atc", "select note, size is null from public.cups"]);
    expect(stdout.trim()).toBe("a;b|t");
  });

  test("a migration that fails leaves nothing behind", async () => {
    const path = "supabase/migrations/20270103000000_broken.sql";
    await desk.write(path, "create table public.saucers (id int);\nselect nonsense;");
    const pushed = await desk.supabase("db", "push", remote, "--yes");
    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toContain('column "nonsense" does not exist');
    const { stdout } = await desk.psql(["-Atc", "select to_regclass('public.saucers') is null"]);
    expect(stdout.trim()).toBe("t");
    await desk.write(path, "create table public.saucers (id int primary key);");
    expect((await desk.supabase("db", "push", remote, "--yes")).code).toBe(0);
  });

  test("migration list and repair know the history", async () => {
    const { stdout } = await desk.supabase("migration", "list", remote);
    expect(stdout).toMatch(/20270101000000.*20270101000000/);
    const versions = async () =>
      (
        await desk.psql([
          "-Atc",
          "select version from supabase_migrations.schema_migrations order by 1",
        ])
      ).stdout.split("\n");
    const repair = (status: string) =>
      desk.supabase(
        ...["migration", "repair", remote, "--status", status, "20270101000000", "--yes"],
      );
    expect((await repair("reverted")).code).toBe(0);
    expect(await versions()).not.toContain("20270101000000");
    expect((await repair("applied")).code).toBe(0);
    expect(await versions()).toContain("20270101000000");
  });

  test("gen types writes what the tables and functions are", async () => {
    const { code, stdout } = await desk.supabase("gen", "types", remote, "--schema", "public");
    expect(code).toBe(0);
    expect(stdout).toContain("export type Database = {");
    const types = stdout.replaceAll('"', "");
    expect(types).toMatch(/cups: \{\s*Row: \{\s*id: number/);
    expect(types).toMatch(
      /cup_count:\s*\{\s*Args: Record<PropertyKey, never>[,;]?\s*Returns: number/,
    );
  });

  test("db query runs a statement", async () => {
    const { code, stdout } = await desk.supabase(
      ...["db", "query", "select 40 + 2 as answer", remote, "--yes"],
      ...["--output-format", "json"],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/"answer":\s*42/);
    const wrong = await desk.supabase("db", "query", "select nonsense", remote, "--yes");
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain('column "nonsense" does not exist');
  });

  test("db advisors finds what a reviewer would", async () => {
    await desk.psql([
      "-c",
      "create table public.bare (id int primary key); grant select on public.bare to anon",
    ]);
    const advised = await desk.supabase(
      ...["db", "advisors", remote, "--level", "error", "--fail-on", "error"],
    );
    expect(advised.code).not.toBe(0);
    expect(advised.stdout).toContain("public.bare");
    await desk.psql(["-c", "drop table public.bare"]);
    expect(
      (await desk.supabase("db", "advisors", remote, "--level", "error", "--fail-on", "error"))
        .code,
    ).toBe(0);
  });

  test.each([
    "locks",
    "table-stats",
    "index-stats",
    "bloat",
    "role-stats",
    "vacuum-stats",
    "xid-age",
  ])("inspect db %s reports", async (report) => {
    const { code, stderr } = await desk.supabase("inspect", "db", report, remote);
    expect({ code, error: /ERROR.*/.exec(stderr)?.[0] }).toEqual({ code: 0, error: undefined });
  });
});
