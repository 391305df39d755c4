import type { Browser, Page } from "playwright-core";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launchBrowser, reasonToSkip } from "../../pages/browser.ts";

const { studioUrl = "", databaseUrl } = inject("platform");
const name = `shelf_${process.pid}`;

describe.skipIf(reasonToSkip())("the Studio in a browser", () => {
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
    await sql.unsafe(`
      create table public.${name} (id int primary key, label text not null, note text);
      alter table public.${name} enable row level security;
      insert into public.${name} values (1, 'first', null), (2, 'second', 'x');
    `);
    await sql.end();
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      // The page's own policy would speak here; a refusal's status is no error of the page.
      const isStatus = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isStatus) errors.push(message.text());
    });
  });

  afterAll(async () => {
    await browser?.close();
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
    await sql.unsafe(`drop table public.${name}`);
    await sql.end();
    expect(errors).toEqual([]);
  });

  const row = (text: string) => page.getByRole("row").filter({ hasText: text });

  test("rows are browsed, inserted, changed and deleted", async () => {
    await page.goto(studioUrl);
    await page.getByRole("searchbox", { name: "Find a table" }).fill(name);
    await page.getByRole("link", { name, exact: true }).click();
    await row("second").waitFor();

    await page.getByRole("button", { name: "Insert row" }).click();
    await page.locator("textarea[name=id]").fill("3");
    await page.locator("textarea[name=label]").fill("third");
    await page.getByRole("button", { name: "Insert", exact: true }).click();
    await row("third").waitFor();

    await row("third").getByRole("button", { name: "Edit" }).click();
    await page.locator("textarea[name=label]").fill("changed");
    await page.getByRole("button", { name: "Save" }).click();
    await row("changed").waitFor();

    await row("changed").getByRole("checkbox").check();
    await page.getByRole("button", { name: "Delete chosen" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await row("changed").waitFor({ state: "detached" });
    expect(await row("first").count()).toBe(1);
  });

  test("what the database refuses is said where it was asked", async () => {
    await page.getByRole("button", { name: "Insert row" }).click();
    await page.locator("textarea[name=id]").fill("1");
    await page.locator("textarea[name=label]").fill("again");
    await page.getByRole("button", { name: "Insert", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "duplicate key" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  test("SQL runs and shows results and errors", async () => {
    await page.getByRole("link", { name: "SQL" }).click();
    const script = page.getByRole("textbox", { name: "SQL" });
    await script.fill(`select label from public.${name} order by id; select 40 + 2 as answer`);
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByRole("cell", { name: "42" }).waitFor();
    await script.fill("select nonsense");
    await script.press("Control+Enter");
    await page.getByText('column "nonsense" does not exist').waitFor();
  });

  test("users are added, banned and deleted", async () => {
    const email = `${name}@example.test`;
    await page.getByRole("link", { name: "Users" }).click();
    await page.getByRole("button", { name: "Add user" }).click();
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill("correct horse battery staple");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await row(email).waitFor();
    await row(email).getByRole("button", { name: "Ban" }).click();
    await row(email).getByText("banned").waitFor();
    await row(email).getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await row(email).waitFor({ state: "detached" });
  });

  test("buckets are made and files go up, down and away", async () => {
    const bucket = name.replaceAll("_", "-");
    await page.getByRole("link", { name: "Files" }).click();
    await page.getByRole("button", { name: "New bucket" }).click();
    await page.getByLabel("Name").fill(bucket);
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText("No files here.").waitFor();
    await page.getByLabel("Upload files").setInputFiles({
      name: "note.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("hello"),
    });
    await row("note.txt").waitFor();
    const download = page.waitForEvent("download");
    await row("note.txt").getByRole("button", { name: "Download" }).click();
    expect((await download).suggestedFilename()).toBe("note.txt");
    await row("note.txt").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No files here.").waitFor();
    await page.getByRole("button", { name: "Delete bucket" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("link", { name: bucket, exact: true }).waitFor({ state: "detached" });
  });
});
