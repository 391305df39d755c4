import type { TrackedOrder } from "../../../types/index.ts";
import { addressBlock } from "../../shared/address.ts";
import { paymentBadge, statusBadge } from "../../shared/badge.ts";
import { batched } from "../../shared/batch.ts";
import { fill, h, setText } from "../../shared/dom.ts";
import { icon } from "../../shared/icons.ts";
import { type LiveState, listen } from "../../shared/live.ts";
import { money } from "../../shared/money.ts";
import { statusWords } from "../../shared/order-words.ts";
import { sums } from "../../shared/sums.ts";
import { day, moment } from "../../shared/time.ts";
import { timeline } from "../../shared/timeline.ts";
import { lineList } from "../parts/lines.ts";
import { sentenceOf, whileBusy } from "../parts/states.ts";
import { steps } from "../parts/steps.ts";
import { toast } from "../parts/toast.ts";
import type { Page } from "../router.ts";
import { links, type Shop } from "../shop.ts";

const liveWords: Readonly<Record<LiveState, string>> = {
  live: "Live",
  connecting: "Connecting",
  offline: "Reconnecting",
};

/** An order, followed live from payment to the door. */
export const order = async (shop: Shop, id: string, url: URL): Promise<Page> => {
  let tracked = await shop.orders.track(id);
  const content = h("div", { class: "order-content" });
  const dot = h("span", { class: "live-dot", "data-state": "connecting" });
  const liveText = h("span", {}, liveWords.connecting);
  const isFromPayment = url.searchParams.has("paid");

  const show = () => fill(content, orderContent(shop, tracked, { isFromPayment, act, reorder }));
  const read = async () => {
    const next = await shop.orders.track(id).catch(() => undefined);
    // Unreachable for a moment: what is shown stays, and the next join reads again.
    if (!next || next.order.version < tracked.order.version) return;
    if (next.order.status !== tracked.order.status) {
      shop.announce(`Your order is now: ${statusWords[next.order.status]}`);
    }
    tracked = next;
    show();
  };
  const act: Act = (button, action) =>
    whileBusy(button, async () => {
      try {
        await action();
        await read();
      } catch (error) {
        toast(sentenceOf(error));
        await read();
      }
    });
  const reorder = async () => {
    const { skipped } = await shop.cart.reorder(id);
    if (skipped.length > 0) toast(`No longer sold: ${skipped.join(", ")}`);
    shop.navigate(links.cart);
  };

  const reload = batched(read, 80);
  const leave = listen(shop.client, {
    topic: `order:${id}`,
    events: { "order.status": reload, "payment.status": reload },
    onJoin: reload,
    onState: (state) => {
      dot.dataset.state = state;
      setText(liveText, liveWords[state]);
    },
  });
  show();
  const { number, placed_at } = tracked.order;
  return {
    title: `Order ${number}`,
    body: h(
      "div",
      { class: "order" },
      h("a", { class: "back small", href: links.orders }, icon("back"), "Your orders"),
      h(
        "div",
        { class: "order-head" },
        h(
          "div",
          {},
          h("h1", { tabindex: -1 }, `Order ${number}`),
          h("p", { class: "muted" }, `Placed ${moment(placed_at)}`),
        ),
        h(
          "span",
          { class: "live small", title: "This page follows your order by itself" },
          dot,
          liveText,
        ),
      ),
      content,
    ),
    leave,
  };
};

type Act = (button: HTMLButtonElement, action: () => Promise<unknown>) => Promise<void>;

interface Actions {
  /** The shopper comes back from the payment page. */
  isFromPayment: boolean;
  act: Act;
  reorder(): Promise<void>;
}

const orderContent = (shop: Shop, tracked: TrackedOrder, actions: Actions): HTMLElement => {
  const { order: current } = tracked;
  return h(
    "div",
    { class: "split" },
    h(
      "div",
      { class: "order-main" },
      h(
        "section",
        { class: "card", "aria-label": "Progress" },
        h(
          "div",
          { class: "order-status" },
          h("h2", {}, headline(tracked)),
          h("span", { class: "badges" }, statusBadge(current.status), paymentBadge(current)),
        ),
        h("p", { class: "muted" }, explanation(tracked)),
        steps(current.status),
        paymentNotice(shop, tracked, actions),
        current.tracking_number &&
          h(
            "p",
            { class: "tracking" },
            icon("truck"),
            h(
              "span",
              {},
              `${current.tracking_carrier ?? "Tracking"}: `,
              h("strong", {}, current.tracking_number),
            ),
          ),
      ),
      h(
        "section",
        { class: "card" },
        h("h2", {}, "What you ordered"),
        lineList(tracked.items, current.currency, shop.config.url),
        sums(current),
      ),
    ),
    h(
      "aside",
      { class: "order-side" },
      h("section", { class: "card" }, h("h2", {}, "History"), timeline(tracked.events)),
      h(
        "section",
        { class: "card" },
        h("h2", {}, "Delivery"),
        addressBlock(current.shipping_address),
        h(
          "p",
          { class: "small muted" },
          `${current.shipping_method_name} · news to ${current.email}`,
        ),
      ),
      buttons(shop, tracked, actions),
    ),
  );
};

const headline = ({ order: current }: TrackedOrder): string => {
  if (current.status === "shipped") return "It is on its way";
  if (current.status === "confirmed") return "Thank you, we have your order";
  return statusWords[current.status];
};

const explanation = ({ order: current }: TrackedOrder): string => {
  if (current.status === "cancelled") return current.cancel_reason ?? "This order was cancelled.";
  if (current.status === "delivered") return "We hope you like it.";
  if (current.status === "returned") return "It came back to us.";
  if (current.status === "pending" && current.expires_at) {
    return `We keep everything for you until ${moment(current.expires_at)}.`;
  }
  return current.estimated_delivery_at ? `Expected by ${day(current.estimated_delivery_at)}.` : "";
};

const paymentNotice = (shop: Shop, tracked: TrackedOrder, actions: Actions): HTMLElement | null => {
  const { order: current, payments, refunds } = tracked;
  const last = payments.at(-1);
  const isOpen = current.status === "pending" && current.payment_provider !== "cod";
  if (!isOpen) {
    const refunded = refunds
      .filter(({ state }) => state !== "failed")
      .reduce((sum, { amount }) => sum + amount, 0);
    if (refunded === 0) return null;
    const isPending = refunds.some(({ state }) => state === "pending");
    return h(
      "p",
      { class: "notice" },
      `${money(refunded, current.currency)} ${isPending ? "is on its way back" : "has gone back"} to you.`,
    );
  }
  const isConfirming = actions.isFromPayment && current.payment_status === "pending";
  const pay = h(
    "button",
    { class: "button", type: "button" },
    `Pay ${money(current.total, current.currency)}`,
  );
  pay.addEventListener("click", () =>
    actions.act(pay, async () => {
      const { payment } = await shop.orders.pay(current.id);
      if (payment.redirect_url) location.assign(payment.redirect_url);
    }),
  );
  const text = isConfirming
    ? "Your payment is being confirmed. This page changes by itself."
    : current.payment_status === "failed"
      ? `The payment did not go through${last?.failure_message ? `: ${last.failure_message}` : "."}`
      : "This order is not paid yet.";
  return h(
    "div",
    { class: "notice pay-notice", "data-tone": isConfirming ? "busy" : "warn" },
    h("p", {}, text),
    !isConfirming && pay,
  );
};

const cancellable = new Set(["pending", "confirmed", "processing"]);

const buttons = (shop: Shop, { order: current }: TrackedOrder, actions: Actions): HTMLElement => {
  const again = h(
    "button",
    { class: "button", "data-kind": "plain", type: "button" },
    "Order again",
  );
  again.addEventListener("click", () => actions.act(again, actions.reorder));
  const cancel = h(
    "button",
    { class: "button", "data-kind": "danger", type: "button" },
    "Cancel order",
  );
  cancel.addEventListener("click", () => {
    if (!confirm(`Cancel order ${current.number}?`)) return;
    void actions.act(cancel, () => shop.orders.cancel(current.id, "Cancelled by the customer"));
  });
  return h("div", { class: "order-buttons" }, again, cancellable.has(current.status) && cancel);
};
