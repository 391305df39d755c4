import type { Kept } from "./inbox.ts";

const escaped = (text: string) =>
  text.replace(
    /[&<>"']/g,
    (character) =>
      ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[character] ?? "",
  );

const style = `
  :root { color-scheme: light dark; --line: #8883; --quiet: #777; }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; font: 15px/1.5 system-ui, sans-serif; }
  header { display: flex; align-items: baseline; gap: 1rem; border-bottom: 1px solid var(--line); }
  h1 { font-size: 1.2rem; flex: 1; overflow-wrap: anywhere; }
  a { color: inherit; text-decoration: none; }
  a:hover .subject, header a:hover { text-decoration: underline; }
  button { font: inherit; padding: 0.2rem 0.7rem; border: 1px solid var(--line); border-radius: 6px;
    background: none; color: inherit; cursor: pointer; }
  ol { list-style: none; margin: 0; padding: 0; }
  li a { display: grid; grid-template-columns: 14rem 1fr auto; gap: 1rem; padding: 0.55rem 0.3rem;
    border-bottom: 1px solid var(--line); }
  li a > * { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
  .unread { font-weight: 600; }
  .quiet, time { color: var(--quiet); font-weight: 400; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: 0.1rem 1rem; }
  dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
  iframe { width: 100%; height: 65vh; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
  @media (max-width: 40rem) { li a { grid-template-columns: 1fr auto; } li .subject { grid-row: 2; grid-column: 1 / -1; } }
`;

const layout = (title: string, head: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>${head}
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;

const instant = (date: Date) =>
  `<time datetime="${date.toISOString()}">${date.toISOString().slice(0, 19).replace("T", " ")}</time>`;

const line = (
  mail: Kept,
) => `<li><a href="/message/${mail.id}"${mail.read ? "" : ' class="unread"'}>
<span>${escaped(mail.to)}</span>
<span class="subject">${escaped(mail.subject)}
<span class="quiet">${escaped(mail.text.replace(/\s+/g, " ").slice(0, 120))}</span></span>
${instant(mail.receivedAt)}</a></li>`;

/** The list of mails; reloads itself, since pages of the inbox run no script. */
export const inboxPage = (mails: readonly Kept[]): string =>
  layout(
    "Inbox",
    '\n<meta http-equiv="refresh" content="5">',
    `<header><h1>Inbox</h1><span class="quiet">${mails.length} mails, times in UTC</span>
<form method="post" action="/clear"><button>Delete all</button></form></header>
${
  mails.length === 0
    ? '<p class="quiet">Mails that the stack sends land here. None has come yet.</p>'
    : `<ol>${mails.map(line).join("\n")}</ol>`
}`,
  );

/** One mail; its body shows in a frame without rights. */
export const messagePage = (mail: Kept): string =>
  layout(
    mail.subject,
    "",
    `<header><h1>${escaped(mail.subject)}</h1><a href="/">Back to the inbox</a></header>
<dl>
<dt>From</dt><dd>${escaped(mail.from.name)} &lt;${escaped(mail.from.address)}&gt;</dd>
<dt>To</dt><dd>${escaped(mail.to)}</dd>
<dt>Received</dt><dd>${instant(mail.receivedAt)}</dd>
</dl>
<iframe title="Message" src="/view/${mail.id}.html"
  sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`,
  );

/** The body alone, for the frame; links open beside it. */
export const messageDocument = (mail: Kept): string =>
  `<!doctype html><meta charset="utf-8"><base target="_blank">${
    mail.html || `<pre style="white-space: pre-wrap">${escaped(mail.text)}</pre>`
  }`;
