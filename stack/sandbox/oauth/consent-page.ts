import { html } from "hono/html";
import { type Html, layout } from "../page.ts";
import type { Account } from "./accounts.ts";

export interface ConsentView {
  provider: string;
  client: string;
  scopes: readonly string[];
  accounts: readonly Account[];
  filled: { email: string; name: string };
  error?: string | undefined;
}

const choice = (account: Account): Html =>
  html`<li><button name="account" value="${account.email}" formnovalidate>
<b>${account.name}</b><span>${account.email}${account.isVerified ? "" : " (not verified)"}</span></button></li>`;

/** Where a person says who they are; `error` is shown above the form. */
export const consentPage = (view: ConsentView): Html =>
  layout(
    `Sign in with ${view.provider}`,
    html`<main class="card"><p class="bank">${view.provider} <span class="badge">Sandbox</span></p>
<h1>Choose an account</h1>
<p><code>${view.client}</code> asks for: ${view.scopes.join(", ") || "your public profile"}.</p>
<form method="post" class="cards"><ul>${view.accounts.map(choice)}</ul></form>
<form method="post" class="apart">
${view.error === undefined ? "" : html`<p class="error" role="alert">${view.error}</p>`}
<label>Email<input name="email" type="email" required autocomplete="email" value="${view.filled.email}" placeholder="you@example.com"></label>
<label>Name<input name="name" autocomplete="name" maxlength="200" value="${view.filled.name}" placeholder="Your name"></label>
<label class="tick"><input name="verified" type="checkbox" value="true" checked> ${view.provider} has verified this address</label>
<button class="go">Continue</button>
<button class="plain" name="deny" value="1" formnovalidate>Deny</button>
</form></main>`,
  );
