import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Desk, openDesk } from "./cli.ts";

const hasPsql = spawnSync("psql", ["--version"]).status === 0;

describe.skipIf(!hasPsql)("psql against the stack's database", () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk();
    await desk.psql(["-c", "create table public.cups (id int primary key, name text)"]);
  });
  afterAll(() => desk.close());

  const answer = async (...args: string[]) => {
    const { code, stdout, stderr } = await desk.psql(["-At", ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  };

  test("describes tables", async () => {
    const { stdout } = await desk.psql([
      "-c",
      "\\d public.cups",
      "-c",
      "\\dt public.*",
      "-c",
      "\\du",
    ]);
    expect(stdout).toContain('"cups_pkey" PRIMARY KEY, btree (id)');
    expect(stdout).toContain("service_role");
  });

  test("copies files in and out", async () => {
    const [file, copy] = [join(desk.folder, "cups.csv"), join(desk.folder, "copy.csv")];
    const rows = Array.from({ length: 5_000 }, (_, id) => `${id},"cup, ${id}"`).join("\n");
    await writeFile(file, `${rows}\n`);
    expect(await answer("-c", `\\copy public.cups from '${file}' with (format csv)`)).toBe(
      "COPY 5000",
    );
    expect(await answer("-c", `\\copy public.cups to '${copy}' with (format csv)`)).toBe(
      "COPY 5000",
    );
    expect(await answer("-c", "select name from public.cups where id = 4999")).toBe("cup, 4999");
  });

  test("a line that cannot be copied is named, and psql goes on", async () => {
    const file = join(desk.folder, "bad.tsv");
    await writeFile(file, "90001\tfine\nx\tbad\n");
    const { stdout, stderr } = await desk.psql([
      ...["-At", "-c", `\\copy public.cups from '${file}'`],
      ...["-c", "select count(*) from public.cups where id = 90001"],
    ]);
    expect(stderr).toContain('invalid input syntax for type integer: "x"');
    expect(stderr).toContain("line 2");
    expect(stdout.trim()).toBe("0");
  });

  test("a script is one transaction when asked to be", async () => {
    const script = "insert into public.cups values (70001, 'a');\nselect 1/0;\n";
    const { code, stderr } = await desk.psql(["-1", "-v", "ON_ERROR_STOP=1", "-f", "-"], script);
    expect(code).toBe(3);
    expect(stderr).toContain("division by zero");
    expect(await answer("-c", "select count(*) from public.cups where id = 70001")).toBe("0");
  });

  test("several statements in one line, with each one's result", async () => {
    expect(await answer("-c", "select 1; select 2 as two; select 3")).toBe("1\n2\n3");
  });

  test("prepared statements, cursors and savepoints", async () => {
    const script = `
      prepare plus (int) as select $1 + 1;
      execute plus(41);
      begin;
      declare few cursor for select generate_series(1, 3);
      fetch 2 from few;
      savepoint here;
      select nonsense;
      rollback to here;
      select 'still here';
      commit;
    `;
    const { stdout } = await desk.psql(["-At"], script);
    expect(stdout.match(/^(42|1|2|still here)$/gm)).toEqual(["42", "1", "2", "still here"]);
  });

  test("hears what others notify", async () => {
    const { stdout } = await desk.psql(
      ["-At"],
      "listen kettles;\nnotify kettles, 'boiling';\nselect 1;\n",
    );
    expect(stdout).toContain('Asynchronous notification "kettles" with payload "boiling" received');
  });

  test("settings made by one line hold for the next", async () => {
    const script = `
      select set_config('request.jwt.claims', '{"sub": "5ad1a5a5-0000-4000-8000-000000000001"}', false) is null;
      set role authenticated;
      select auth.uid();
      select current_user;
    `;
    const { stdout } = await desk.psql(["-At"], script);
    expect(stdout).toContain("5ad1a5a5-0000-4000-8000-000000000001\nauthenticated");
  });

  test("many sessions at once each get their answers", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        answer(
          "-c",
          `begin; set local application_name = 's${n}'; select current_setting('application_name'); commit`,
        ),
      ),
    );
    expect(answers.map((text) => /s\d/.exec(text)?.[0])).toEqual(
      Array.from({ length: 8 }, (_, n) => `s${n}`),
    );
  });
});
