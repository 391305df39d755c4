import type { Quote } from "../../../types/index.ts";
import { batched } from "../../shared/batch.ts";
import { fill, h, setText } from "../../shared/dom.ts";
import { Failure, fieldProblem, shortLines } from "../../shared/failure.ts";
import { money } from "../../shared/money.ts";
import { sums } from "../../shared/sums.ts";
import type { CheckoutForm } from "../data/orders.ts";
import { readCountries } from "../data/settings.ts";
import { addressForm, showFieldProblem } from "../parts/address-form.ts";
import { field } from "../parts/field.ts";
import { lineList } from "../parts/lines.ts";
import { emptyState, sentenceOf, whileBusy } from "../parts/states.ts";
import type { Page } from "../router.ts";
import { links, type Shop } from "../shop.ts";

/** Address, delivery, payment: one form, and one request that places the order. */
export const checkout = async (shop: Shop): Promise<Page> => {
  if (!(await shop.guest.userId())) return nothingToBuy();
  const [countries, first] = await Promise.all([readCountries(shop.client), shop.orders.quote({})]);
  if (first.items.length === 0) return nothingToBuy();
  let quote: Quote = first;
  let quotedFor = regionOf(first.country, null);

  const email = field("Email", {
    name: "email",
    type: "email",
    autocomplete: "email",
    required: true,
  });
  const address = addressForm(countries, first.country, () => void addressChanged());
  const methods = h("div", { class: "choices" });
  const summary = h("div", { class: "summary" });
  const problem = h("div", { class: "notice", "data-tone": "bad", role: "alert", hidden: true });
  const note = h("textarea", { class: "input", name: "note", maxlength: 1000, rows: 2 });
  const payLabel = h("span");
  const button = h("button", { class: "button place", type: "submit" }, payLabel);

  const chosen = (name: string): string | null => {
    const value = new FormData(form).get(name);
    return typeof value === "string" ? value : null;
  };
  const provider = () => (chosen("provider") === "cod" ? "cod" : "stripe");

  const show = () => {
    fill(
      methods,
      quote.shipping_methods.map((method) => methodChoice(method, quote)),
    );
    fill(
      summary,
      lineList(quote.items, quote.currency, shop.config.url),
      sums(quote),
      quote.estimated_delivery &&
        h(
          "p",
          { class: "small muted" },
          `Expected by ${new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" }).format(new Date(quote.estimated_delivery))}`,
        ),
    );
    const total = money(quote.total, quote.currency);
    setText(payLabel, provider() === "cod" ? `Place order · ${total}` : `Pay ${total} by card`);
    const [blocker] = quote.problems;
    if (blocker) shop.cart.outdated();
    if (blocker) explain(blocker.message, blocker.lines ?? []);
  };

  const explain = (
    text: string,
    lines: readonly { title: string; available?: number | undefined }[],
  ) => {
    problem.hidden = false;
    fill(
      problem,
      h("p", {}, text),
      lines.length > 0 &&
        h(
          "ul",
          {},
          lines.map((line) =>
            h("li", {}, `${line.title}: ${line.available ? `${line.available} left` : "sold out"}`),
          ),
        ),
      lines.length > 0 && h("a", { href: links.cart }, "Change your cart"),
    );
  };

  const requote = batched(async () => {
    const input = {
      ...(address.isComplete() && { shipping_address: address.value() }),
      shipping_method: chosen("shipping_method"),
    };
    try {
      quote = await shop.orders.quote(input);
      problem.hidden = true;
      show();
    } catch (error) {
      refuse(error);
    }
  }, 50);

  const addressChanged = () => {
    const { country, region } = address.value();
    const wanted = regionOf(country, region ?? null);
    if (wanted === quotedFor || !address.isComplete()) return;
    quotedFor = wanted;
    requote();
  };

  const refuse = (error: unknown) => {
    shop.cart.outdated();
    const failure = error instanceof Failure ? error : undefined;
    const bad = failure && fieldProblem(failure);
    const name = bad?.field.replace(/^shipping_address\./, "") ?? "";
    const target = name === "email" ? email : address.fields.get(name);
    if (bad && target) return showFieldProblem(target, bad.message);
    explain(bad?.message ?? sentenceOf(error), failure ? shortLines(failure.details) : []);
    problem.scrollIntoView({ block: "center", behavior: "smooth" });
    if (failure?.code !== "cart_empty") return;
    // Perhaps the order was placed and only its answer got lost.
    shop.cart.emptied();
    problem.append(h("a", { href: links.orders }, "Look at your orders"));
  };

  const place = async () => {
    problem.hidden = true;
    const input: CheckoutForm = {
      email: email.value(),
      shipping_address: address.value(),
      shipping_method: chosen("shipping_method"),
      payment: { provider: provider() },
      note: note.value.trim() || null,
    };
    sessionStorage.setItem(emailKey, input.email);
    try {
      const { order, payment } = await shop.orders.place(input);
      shop.cart.emptied();
      if (payment.redirect_url) location.assign(payment.redirect_url);
      else shop.navigate(links.order(order.id), { replace: true });
    } catch (error) {
      const placed = placedOrder(error);
      if (!placed) return refuse(error);
      // The order stands and waits for its payment; its page offers to try again.
      shop.cart.emptied();
      shop.navigate(links.order(placed), { replace: true });
    }
  };

  const form = h(
    "form",
    {
      class: "checkout-form",
      onsubmit: (event) => {
        event.preventDefault();
        void whileBusy(button, place);
      },
      onchange: (event) => {
        const input = event.target;
        if (!(input instanceof HTMLInputElement)) return;
        if (input.name === "shipping_method") requote();
        if (input.name === "provider") show();
      },
    },
    section(
      "Contact",
      email.element,
      h("p", { class: "small muted" }, "For news about your order only."),
    ),
    section("Delivery address", address.element),
    section("Delivery", methods),
    section("Payment", paymentChoices()),
    section(
      "Anything we should know?",
      h("label", {}, h("span", { class: "visually-hidden" }, "Note"), note),
    ),
    problem,
    button,
  );
  email.input.value = sessionStorage.getItem(emailKey) ?? "";
  show();
  addressChanged();

  return {
    title: "Checkout",
    body: h(
      "div",
      { class: "checkout" },
      h("h1", { tabindex: -1 }, "Checkout"),
      h(
        "div",
        { class: "split" },
        form,
        h(
          "aside",
          { class: "card", "aria-label": "Your order" },
          h("h2", {}, "Your order"),
          summary,
        ),
      ),
    ),
  };
};

const emailKey = "supamarket.email";

const regionOf = (country: string, region: string | null): string => `${country}/${region ?? ""}`;

const nothingToBuy = (): Page => ({
  title: "Checkout",
  body: h(
    "div",
    { class: "narrow" },
    h("h1", { tabindex: -1, class: "visually-hidden" }, "Checkout"),
    emptyState({
      symbol: "bag",
      title: "Nothing to buy yet",
      text: "Put something into your cart first.",
      action: h("a", { class: "button", href: links.home }, "Look around"),
    }),
  ),
});

const section = (title: string, ...content: HTMLElement[]): HTMLElement =>
  h("fieldset", { class: "card" }, h("legend", {}, title), content);

const methodChoice = (method: Quote["shipping_methods"][number], quote: Quote): HTMLElement =>
  h(
    "label",
    { class: "row-choice" },
    h("input", {
      type: "radio",
      name: "shipping_method",
      value: method.code,
      checked: method.code === quote.shipping_method,
    }),
    h(
      "span",
      {},
      method.name,
      h("span", { class: "small muted" }, days(method.min_days, method.max_days)),
    ),
    h(
      "span",
      { class: "number" },
      method.price === 0 ? "Free" : money(method.price, quote.currency),
    ),
  );

const paymentChoices = (): HTMLElement =>
  h(
    "div",
    { class: "choices" },
    h(
      "label",
      { class: "row-choice" },
      h("input", { type: "radio", name: "provider", value: "stripe", checked: true }),
      h(
        "span",
        {},
        "Card",
        h(
          "span",
          { class: "small muted" },
          "On the payment provider’s own page; we never see your card.",
        ),
      ),
    ),
    h(
      "label",
      { class: "row-choice" },
      h("input", { type: "radio", name: "provider", value: "cod" }),
      h(
        "span",
        {},
        "Cash on delivery",
        h("span", { class: "small muted" }, "Pay when it arrives."),
      ),
    ),
  );

const days = (min: number, max: number): string => {
  if (min !== max) return `${min}–${max} days`;
  return min === 1 ? "1 day" : `${min} days`;
};

/** The id of an order that was placed although the request failed afterwards. */
const placedOrder = (error: unknown): string | undefined => {
  if (!(error instanceof Failure)) return undefined;
  const order = error.details.order;
  if (typeof order !== "object" || order === null) return undefined;
  const id: unknown = Reflect.get(order, "id");
  return typeof id === "string" ? id : undefined;
};
