import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { inject } from "vitest";

/** The shell draws the same pages as the whole browser with half of its work. */
const knownPaths = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser that CHROMIUM_PATH names, or else one that stands where installers put it. */
const executable = (): string | undefined => {
  const named = process.env.CHROMIUM_PATH;
  return (named ? [named] : knownPaths).find((path) => existsSync(path));
};

/**
 * Why the pages cannot be tested here; undefined when they can. With REQUIRE_BROWSER=1 a missing
 * browser is a failure and not a reason.
 */
export const reasonToSkip = (): string | undefined => {
  const reason = missing();
  // The list of skipped tests does not show names everywhere.
  if (reason) console.warn(`The pages are not tested: ${reason}.`);
  return reason;
};

const missing = (): string | undefined => {
  if (!inject("project").pagesUrl) return "the project under test serves no pages";
  if (executable()) return undefined;
  const reason = "no Chromium found; install it, or name it in CHROMIUM_PATH";
  if (process.env.REQUIRE_BROWSER === "1") throw new Error(reason);
  return reason;
};

const quietArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launchBrowser = (): Promise<Browser> => {
  const executablePath = executable();
  return chromium.launch({
    headless: true,
    args: quietArguments,
    ...(executablePath && { executablePath }),
  });
};

/** Address of a page, such as `/storefront/cart`. */
export const pageUrl = (path: string): string => `${inject("project").pagesUrl}${path}`;

export interface Visitor {
  page: Page;
  /** What went wrong in the page: uncaught errors. */
  errors: string[];
  /** `METHOD path` of every request to the project since the last call, preflights left out. */
  requests(): string[];
}

/** Somebody at a browser of their own: no session, no cache. */
export const visitor = async (browser: Browser): Promise<Visitor> => {
  const context = await browser.newContext({
    locale: "en-GB",
    viewport: { width: 1280, height: 860 },
    // Without a graphics card every frame of an animation is drawn by the processor.
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const errors: string[] = [];
  const seen: string[] = [];
  const { origin } = new URL(inject("project").url);
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isOurs = url.origin === origin && request.method() !== "OPTIONS";
    if (isOurs) seen.push(`${request.method()} ${url.pathname}`);
  });
  return { page, errors, requests: () => seen.splice(0) };
};
