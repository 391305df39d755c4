import type { Page } from "playwright-core";
import { type Actor, password } from "../support/actors.ts";
import { anAddress } from "../support/factories.ts";
import { pageUrl } from "./browser.ts";

/** Opens the product page and waits until it follows the stock live. */
export const openProduct = async (page: Page, slug: string): Promise<void> => {
  const joined = page.waitForEvent("websocket").then((socket) =>
    socket.waitForEvent("framereceived", {
      predicate: ({ payload }) => /phx_reply.*"ok"/.test(String(payload)),
    }),
  );
  await page.goto(pageUrl(`/storefront/p/${slug}`));
  await joined;
};

export const addToCart = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("link", { name: "View cart" }).waitFor();
};

/** From the note that something is in the cart to the filled-in checkout. */
export const fillCheckout = async (page: Page): Promise<void> => {
  await page.getByRole("link", { name: "View cart" }).click();
  await page.getByRole("link", { name: "Go to checkout" }).click();
  await page.getByLabel("Email").fill("ada@example.test");
  await page.getByLabel("Full name").fill(anAddress.full_name);
  await page.getByLabel("Address", { exact: true }).fill(anAddress.line1);
  await page.getByLabel("Town or city").fill(anAddress.city);
  await page.getByLabel("Postcode").fill(anAddress.postal_code);
};

export const payByCash = async (page: Page): Promise<void> => {
  await page.getByRole("radio", { name: /Cash on delivery/ }).check();
  await page.getByRole("button", { name: /^Place order/ }).click();
};

/** On the provider's hosted page. */
export const payWith = async (page: Page, card: string): Promise<void> => {
  await page.getByLabel("Card number").fill(card);
  await page.getByLabel("Expiry").fill("12 / 34");
  await page.getByLabel("Security code").fill("123");
  await page.getByRole("button", { name: /^Pay / }).click();
};

/** The number of the order that the page shows. */
export const orderNumber = async (page: Page): Promise<string> => {
  const heading = await page.getByRole("heading", { name: /^Order SM-/ }).textContent();
  return (heading ?? "").replace("Order ", "");
};

/** Signs in to the dashboard. */
export const signIn = async (page: Page, actor: Actor): Promise<void> => {
  await page.goto(pageUrl("/dashboard/"));
  await page.getByLabel("Email").fill(actor.email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
};

/** Opens the dashboard as this member of staff and waits until it is live. */
export const openDashboard = async (page: Page, actor: Actor): Promise<void> => {
  await signIn(page, actor);
  await page.getByText("Live", { exact: true }).waitFor();
};
