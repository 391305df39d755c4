import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launchBrowser, pageUrl, reasonToSkip, visitor } from "./browser.ts";

/** The Studio has no address of its own in a project's; it stands two ports after the API. */
const studioUrl = () => {
  const url = new URL(inject("project").url);
  return `${url.protocol}//${url.hostname}:${Number(url.port) + 2}/`;
};

describe.skipIf(reasonToSkip() !== undefined)("what pages may load", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  test.each([
    ["storefront", () => pageUrl("/storefront/")],
    ["dashboard", () => pageUrl("/dashboard/")],
    ["Studio", studioUrl],
    ["mail inbox", () => inject("project").mailUrl ?? ""],
  ])("the %s keeps to its policy, which forbids being framed by others", async (_name, address) => {
    const { page, errors } = await visitor(browser);
    const violations: string[] = [];
    page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) violations.push(message.text());
    });
    const answer = await page.goto(address(), { waitUntil: "networkidle" });
    await page.locator("body :visible").first().waitFor();
    const headers = answer?.headers() ?? {};
    expect(headers["content-security-policy"]).toContain("default-src");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["x-frame-options"]).toMatch(/DENY|SAMEORIGIN/);
    expect(violations).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
