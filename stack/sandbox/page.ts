import { html, raw } from "hono/html";
import { PAGE_STYLE } from "./page-style.ts";

export type Html = ReturnType<typeof html>;

/** A whole page in the look that all sandbox pages share. */
export const layout = (title: string, content: Html): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>${content}</body>
</html>`;

/** A page that only says something, with a way on when there is one. */
export const messagePage = (
  title: string,
  message: string,
  href: string | null,
  label: string,
): Html =>
  layout(
    title,
    html`<main class="card"><h1>${title}</h1><p>${message}</p>
${href === null ? "" : html`<a class="go" href="${href}">${label}</a>`}</main>`,
  );

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; base-uri 'none'; frame-ancestors 'none'",
};

export const page = async (content: Html | Promise<Html>, status = 200): Promise<Response> =>
  // A copy: the server may write its own headers into the object it is given.
  new Response(String(await content), { status, headers: { ...HEADERS } });

export const seeOther = (location: string): Response =>
  new Response(null, { status: 303, headers: { location } });
