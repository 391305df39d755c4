import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admin, customer, guest, service } from "../support/actors.ts";
import { anOrderInput, aVariant, placeOrder } from "../support/factories.ts";
import { launchBrowser, reasonToSkip, visitor } from "./browser.ts";
import {
  addToCart,
  fillCheckout,
  openDashboard,
  openProduct,
  orderNumber,
  payByCash,
  payWith,
  signIn,
} from "./steps.ts";

const skip = reasonToSkip();

describe.skipIf(skip)(`the shop in two browser windows${skip ? ` (${skip})` : ""}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
  });

  const slugOf = async (productId: string): Promise<string> => {
    const { data } = await service()
      .client.from("products")
      .select("slug")
      .eq("id", productId)
      .single();
    if (!data) throw new Error(`no product ${productId}`);
    return data.slug;
  };

  test("a purchase by card shows in the dashboard, and its shipping on the shopper's page, without reload", async () => {
    const variant = await aVariant({ onHand: 7, price: 4_200 });
    const mod = await visitor(browser);
    await openDashboard(mod.page, await admin());

    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await ada.page.getByText("Only 7 left").waitFor();
    // The countries are read ahead of the checkout, so that it does not wait for them.
    await expect.poll(() => ada.requests().join(), { timeout: 5_000 }).toContain("/countries");
    await addToCart(ada.page);
    await fillCheckout(ada.page);
    await ada.page.getByRole("button", { name: /^Pay/ }).click();
    await ada.page.getByLabel("Card number").waitFor();
    expect(ada.requests()).toEqual([
      "POST /auth/v1/signup",
      "POST /rest/v1/rpc/add_to_cart",
      "POST /rest/v1/rpc/quote_checkout",
      "POST /functions/v1/checkout",
    ]);
    await payWith(ada.page, "4242 4242 4242 4242");
    await ada.page.getByRole("heading", { name: "Thank you, we have your order" }).waitFor();
    const number = await orderNumber(ada.page);

    const row = mod.page.getByRole("row", { name: number });
    await row.getByText("Confirmed").waitFor();
    await row.getByText("Paid").waitFor();
    expect(await row.textContent()).toContain("ada@example.test");

    await row.getByRole("link").click();
    await mod.page.getByRole("button", { name: "Ship", exact: true }).click();
    await mod.page.getByLabel("Tracking number").fill("RM123456789GB");
    await mod.page.locator("form").getByRole("button", { name: "Ship" }).click();
    await ada.page.getByRole("heading", { name: "It is on its way" }).waitFor();
    await ada.page.getByText("RM123456789GB").first().waitFor();
    await mod.page.getByRole("button", { name: "Mark delivered" }).click();
    await ada.page.getByText("We hope you like it.").waitFor();
    expect([...mod.errors, ...ada.errors]).toEqual([]);
  });

  test("a product page counts down while others buy, and says when the last one is gone", async () => {
    const variant = await aVariant({ onHand: 2 });
    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await ada.page.getByText("Only 2 left").waitFor();

    const bo = await guest();
    await placeOrder(bo, anOrderInput({ lines: [{ variant }] }));
    await ada.page.getByText("Only 1 left").waitFor();
    await placeOrder(bo, anOrderInput({ lines: [{ variant }] }));
    await ada.page.getByRole("button", { name: "Sold out" }).waitFor();
    expect(await ada.page.getByRole("button", { name: "Sold out" }).isDisabled()).toBe(true);
    expect(ada.errors).toEqual([]);
  });

  test("a price changes on the open product page", async () => {
    const variant = await aVariant({ price: 2_000 });
    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await ada.page.getByText("£20.00").waitFor();
    const { error } = await service().client.rpc("set_price", {
      variant_id: variant.variantId,
      amount: 1_500,
    });
    expect(error).toBeNull();
    await ada.page.getByText("£15.00").waitFor();
  });

  test("what sells out between cart and order is named with what is left, and nothing is ordered", async () => {
    const variant = await aVariant({ onHand: 3 });
    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await ada.page.getByRole("button", { name: "One more" }).click();
    await addToCart(ada.page);
    await fillCheckout(ada.page);
    await placeOrder(await guest(), anOrderInput({ lines: [{ variant, quantity: 2 }] }));

    await payByCash(ada.page);
    await ada.page.getByText(`${variant.title}: 1 left`).waitFor();
    await ada.page.getByRole("link", { name: "Change your cart" }).click();
    await ada.page.getByText("Only 1 left; take fewer.").waitFor();
    await ada.page.getByRole("button", { name: "One less" }).click();
    await ada.page.getByText("Only 1 left.", { exact: true }).waitFor();
    await ada.page.getByRole("link", { name: "Go to checkout" }).click();
    await payByCash(ada.page);
    await ada.page.getByRole("heading", { name: "Thank you, we have your order" }).waitFor();
  });

  test("a declined card leaves the order payable, and another card pays it", async () => {
    const variant = await aVariant();
    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await addToCart(ada.page);
    await fillCheckout(ada.page);
    await ada.page.getByRole("button", { name: /^Pay/ }).click();
    await payWith(ada.page, "4000 0000 0000 0002");
    await ada.page.getByRole("alert").waitFor();
    // Back to the shop by the provider's own link.
    await ada.page.locator("a.shop").click();
    await ada.page.getByRole("button", { name: /^Pay/ }).click();
    await payWith(ada.page, "4242 4242 4242 4242");
    await ada.page.getByRole("heading", { name: "Thank you, we have your order" }).waitFor();
    expect(ada.errors).toEqual([]);
  });

  test("a refund asked for in the dashboard shows on the shopper's page when the money is back", async () => {
    const variant = await aVariant({ price: 3_000 });
    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await addToCart(ada.page);
    await fillCheckout(ada.page);
    await ada.page.getByRole("button", { name: /^Pay/ }).click();
    await payWith(ada.page, "4242 4242 4242 4242");
    await ada.page.getByRole("heading", { name: "Thank you, we have your order" }).waitFor();

    const mod = await visitor(browser);
    await openDashboard(mod.page, await admin());
    await mod.page.getByRole("link", { name: await orderNumber(ada.page) }).click();
    await mod.page.getByRole("button", { name: "Refund" }).click();
    await mod.page.getByLabel(/^Amount/).fill("10.00");
    await mod.page.getByLabel("Reason").fill("A scratch");
    await mod.page.locator("form").getByRole("button", { name: "Refund" }).click();
    await ada.page.getByText("£10.00 has gone back to you.").waitFor();
    await ada.page.getByText("Partly refunded").first().waitFor();
    expect([...mod.errors, ...ada.errors]).toEqual([]);
  });

  test("a guest's cart and orders are still there in a new tab", async () => {
    const variant = await aVariant();
    const ada = await visitor(browser);
    await openProduct(ada.page, await slugOf(variant.productId));
    await addToCart(ada.page);
    const tab = await ada.page.context().newPage();
    await tab.goto(new URL("/storefront/cart", ada.page.url()).href);
    await tab.getByRole("link", { name: variant.title }).waitFor();

    await fillCheckout(ada.page);
    await payByCash(ada.page);
    const number = await orderNumber(ada.page);
    await tab.getByText("Nothing in here yet").waitFor();
    await tab.getByRole("link", { name: "Orders" }).first().click();
    await tab.getByText(number).waitFor();
  });

  test("orders placed while the dashboard was cut off are there when it is back", async () => {
    const variant = await aVariant({ onHand: 100 });
    const mod = await visitor(browser);
    const cuts: (() => Promise<void>)[] = [];
    await mod.page.routeWebSocket(/\/realtime\/v1/, (socket) => {
      socket.connectToServer();
      cuts.push(() => socket.close({ code: 1012 }));
    });
    await openDashboard(mod.page, await admin());
    for (const cut of cuts.splice(0)) await cut();
    await mod.page.getByText("Reconnecting", { exact: false }).waitFor();
    const { order } = await placeOrder(await guest(), anOrderInput({ lines: [{ variant }] }));
    await mod.page.getByText("Live", { exact: true }).waitFor();
    await mod.page.getByRole("row", { name: order.number }).waitFor();
  });

  test("the dashboard shows every one of sixty orders that come at once", async () => {
    const variant = await aVariant({ onHand: 1000 });
    const mod = await visitor(browser);
    await openDashboard(mod.page, await admin());
    const buyer = await guest();
    const placed = await Promise.all(
      Array.from({ length: 60 }, () => placeOrder(buyer, anOrderInput({ lines: [{ variant }] }))),
    );
    const numbers = placed.map(({ order }) => order.number).sort();
    // The list keeps the latest hundred, and other shoppers go on buying meanwhile.
    const seen = new Set<string>();
    const shown = async () => {
      for (const text of await mod.page.locator("tbody a").allTextContents()) seen.add(text);
      return numbers.filter((number) => seen.has(number));
    };
    await expect.poll(shown, { timeout: 40_000 }).toEqual(numbers);
    // Sixty events and more, and fewer reads.
    const reads = mod.requests().filter((request) => request === "GET /rest/v1/orders");
    expect(reads.length).toBeLessThan(60);
    expect(mod.errors).toEqual([]);
  }, 90_000);

  test("low stock appears in the dashboard as it happens, and a delivery takes it off", async () => {
    const variant = await aVariant({ onHand: 6 });
    const mod = await visitor(browser);
    await openDashboard(mod.page, await admin());
    await placeOrder(await guest(), anOrderInput({ lines: [{ variant, quantity: 6 }] }));
    const entry = mod.page.getByRole("listitem").filter({ hasText: variant.title });
    await entry.waitFor();
    await entry.getByRole("button", { name: /Receive 25/ }).click();
    await entry.waitFor({ state: "detached" });
  });

  test("somebody who is not staff does not get into the dashboard", async () => {
    const eve = await visitor(browser);
    const account = await customer("eve");
    await signIn(eve.page, account);
    await eve.page.getByText("This account is not one of the shop's staff.").waitFor();
  });
});
