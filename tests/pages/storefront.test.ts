import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { service, unique } from "../support/actors.ts";
import { ok } from "../support/answers.ts";
import { launchBrowser, pageUrl, reasonToSkip, visitor } from "./browser.ts";

const skip = reasonToSkip();

/** A shelf of lamps of its own: `count` products whose prices rise by a pound. */
const shelf = async (count: number) => {
  const category = unique("Shelf");
  const word = unique("lamp").replaceAll("-", "");
  const rows = Array.from({ length: count }, (_, index) => ({
    sku: unique("L").toUpperCase(),
    title: `Lamp ${index} ${word}`,
    price: 1_000 + 100 * index,
    stock: index === 0 ? 0 : 5,
    category,
    brand: index % 2 === 0 ? `${category} Even` : `${category} Odd`,
    ...(index === 1 && { sale_price: 900 }),
  }));
  await ok(service().client.rpc("import_products", { rows }));
  const { slug } = await ok(
    service().client.from("categories").select("slug").eq("name", category).single(),
  );
  return { slug, word, category };
};

const titles = (page: Page) => page.locator(".browse-list .tile-title").allTextContents();

describe.skipIf(skip)(`the storefront${skip ? ` (${skip})` : ""}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
  });

  test("shows a long list page by page in the chosen order, nothing twice and nothing left out", async () => {
    const { slug } = await shelf(53);
    const { page, errors } = await visitor(browser);
    await page.goto(pageUrl(`/storefront/?category=${slug}`));
    await page.getByText("24+ products").waitFor();
    // Lists come late, as they do far from the shop: the old one stands until then, and "Show more"
    // of it must not be taken for the new one's.
    await page.route("**/rest/v1/**", async (route) => {
      await delay(150);
      await route.continue();
    });
    await page.getByLabel("Sort by").selectOption("Price: high to low");
    await page.getByText("24+ products").waitFor();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("48+ products").waitFor();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("53 products").waitFor();
    const numbers = (await titles(page)).map((title) => Number(title.split(" ")[1]));
    // Dearest first; lamp 1 is on sale and the cheapest of all.
    const expected = Array.from({ length: 53 }, (_, index) => 52 - index).filter((n) => n !== 1);
    expect(numbers).toEqual([...expected, 1]);
    for (const order of ["Newest", "Best rated"]) {
      await page.getByLabel("Sort by").selectOption(order);
      await page.getByText("24+ products").waitFor();
      await page.getByRole("button", { name: "Show more" }).click();
      await page.getByText("48+ products").waitFor();
      await page.getByRole("button", { name: "Show more" }).click();
      await page.getByText("53 products").waitFor();
      expect(new Set(await titles(page)).size).toBe(53);
    }
    expect(errors).toEqual([]);
  });

  test("narrows by search, price, stock, sale and brand, and the address shows the same again", async () => {
    const { word, category } = await shelf(6);
    const { page } = await visitor(browser);
    await page.goto(pageUrl("/storefront/"));
    await page.getByRole("searchbox").fill(word);
    await page.getByRole("searchbox").press("Enter");
    await page.getByRole("heading", { name: `Results for “${word}”` }).waitFor();
    await page.getByText("6 products").waitFor();

    await page.getByLabel("In stock").check();
    await page.getByText("5 products").waitFor();
    await page.getByLabel("From in GBP").fill("12");
    await page.getByLabel("From in GBP").blur();
    await page.getByText("4 products").waitFor();
    await page.reload();
    await page.getByText("4 products").waitFor();
    expect(await page.getByLabel("In stock").isChecked()).toBe(true);
    await page.getByLabel("From in GBP").fill("");
    await page.getByLabel("From in GBP").blur();
    await page.getByLabel("On sale").check();
    await page.getByText("1 product", { exact: true }).waitFor();
    expect(await titles(page)).toEqual([`Lamp 1 ${word}`]);

    await page.goto(pageUrl(`/storefront/?q=${word}&brand=${slugOf(`${category} Odd`)}`));
    await page.getByText("3 products").waitFor();
    await page.goto(pageUrl("/storefront/?q=nothingofthiskind"));
    await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  });

  test("unknown addresses and products say so", async () => {
    const { page, errors } = await visitor(browser);
    await page.goto(pageUrl("/storefront/p/no-such-thing"));
    await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
    await page.goto(pageUrl("/storefront/no/such/page"));
    await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
    expect(errors).toEqual([]);
  });

  test("says that the shop cannot be reached, and goes on when it can", async () => {
    const { slug } = await shelf(2);
    const { page } = await visitor(browser);
    await page.route("**/rest/v1/product_listing*", (route) => route.abort());
    await page.goto(pageUrl(`/storefront/?category=${slug}`));
    await page.getByText("The shop cannot be reached.", { exact: false }).waitFor();
    await page.unroute("**/rest/v1/product_listing*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("2 products").waitFor();
  });

  test("a product can be chosen and put into the cart with the keyboard alone", async () => {
    const { slug } = await shelf(3);
    const { page } = await visitor(browser);
    await page.goto(pageUrl(`/storefront/?category=${slug}&stock=1`));
    await page.getByText("2 products").waitFor();
    await page.locator(".browse-list .tile a").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Add to cart" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    const isOnButton = () =>
      page.evaluate(() => document.activeElement?.textContent === "Add to cart");
    for (let presses = 0; presses < 12 && !(await isOnButton()); presses++) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "View cart" }).waitFor();
  });
});

const slugOf = (name: string): string => name.toLowerCase().replaceAll(" ", "-");
