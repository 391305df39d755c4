import { html } from "hono/html";
import type { Stripe } from "stripe";
import { type Html, layout } from "../page.ts";
import { TEST_CARDS } from "./cards.ts";
import { formatMoney } from "./money.ts";
import type { SessionRecord } from "./store.ts";

/** What the shopper typed, or what is filled in. */
export interface Filled {
  email: string;
  name: string;
  number: string;
  expiry: string;
  cvc: string;
}

const row = (label: string, value: string): Html =>
  html`<div class="sum"><dt>${label}</dt><dd>${value}</dd></div>`;

const summary = ({ object, lines, products, displayName }: SessionRecord): Html => {
  const currency = object.currency ?? "usd";
  const money = (amount: number) => formatMoney(amount, currency);
  const discount = object.total_details?.amount_discount ?? 0;
  const shipping = object.total_details?.amount_shipping ?? 0;
  return html`<section class="order" aria-label="Order">
${
  object.cancel_url === null
    ? html`<p class="shop">${displayName ?? "Checkout"}</p>`
    : html`<a class="shop" href="${object.cancel_url}">← ${displayName ?? "Back to the shop"}</a>`
}
<p class="total">${money(object.amount_total ?? 0)}</p>
<ul class="lines">${lines.map((line, index) => {
    const product = products[index];
    const each = line.price.unit_amount ?? 0;
    return html`<li>
${
  product?.image
    ? html`<img src="${product.image}" alt="" width="48" height="48">`
    : html`<span class="thumb" aria-hidden="true">${(line.description ?? "?").slice(0, 1)}</span>`
}
<div><b>${line.description ?? ""}</b>${product?.description ? html`<small>${product.description}</small>` : ""}
<small>${line.quantity ?? 1} × ${money(each)}</small></div>
<span>${money(line.amount_subtotal)}</span></li>`;
  })}</ul>
<dl>${row("Subtotal", money(object.amount_subtotal ?? 0))}
${discount > 0 ? row("Discount", `−${money(discount)}`) : ""}
${object.shipping_cost ? row("Shipping", money(shipping)) : ""}
<div class="sum due"><dt>Total due</dt><dd>${money(object.amount_total ?? 0)}</dd></div></dl>
</section>`;
};

const cardChoices = (): Html =>
  html`<details class="cards" open><summary>Test cards</summary>
<p>No money moves here. Any future date and code will do.</p>
<ul>${TEST_CARDS.filter((card) => card.isOffered).map(
    (card) => html`<li><button name="fill" value="${card.number}" formnovalidate>
<code>${card.number.replaceAll(/(\d{4})(?=\d)/g, "$1 ")}</code><span>${card.label}</span></button></li>`,
  )}</ul></details>`;

/** The checkout page; `error` is shown above the button. */
export const payPage = (session: SessionRecord, filled: Filled, error: string | null): Html => {
  const total = formatMoney(session.object.amount_total ?? 0, session.object.currency ?? "usd");
  return layout(
    `Pay ${total}`,
    html`<main class="pay">${summary(session)}
<section class="form"><h1>Pay with card <span class="badge">Test mode</span></h1>
<form method="post">
<label>Email<input name="email" type="email" required autocomplete="email" value="${filled.email}" placeholder="you@example.com"></label>
<label>Card number<input name="number" required inputmode="numeric" autocomplete="cc-number" maxlength="30" value="${filled.number}" placeholder="1234 1234 1234 1234"></label>
<div class="pair">
<label>Expiry<input name="expiry" required inputmode="numeric" autocomplete="cc-exp" maxlength="9" value="${filled.expiry}" placeholder="MM / YY"></label>
<label>Security code<input name="cvc" required inputmode="numeric" autocomplete="cc-csc" maxlength="4" value="${filled.cvc}" placeholder="CVC"></label>
</div>
<label>Name on card<input name="name" autocomplete="cc-name" maxlength="200" value="${filled.name}"></label>
${error === null ? "" : html`<p class="error" role="alert">${error}</p>`}
<button class="go">Pay ${total}</button>
${cardChoices()}
</form></section></main>`,
  );
};

/** The bank's page that asks the shopper to approve. */
export const challengePage = (intent: Stripe.PaymentIntent): Html =>
  layout(
    "3-D Secure",
    html`<main class="card"><p class="bank">Test bank <span class="badge">3-D Secure</span></p>
<h1>Approve this payment?</h1>
<p class="total">${formatMoney(intent.amount, intent.currency)}</p>
<p>${intent.description ?? "Your bank wants to know that it is you."}</p>
<form method="post"><button class="go" name="answer" value="complete">Complete</button>
<button class="plain" name="answer" value="fail">Fail</button></form></main>`,
  );
