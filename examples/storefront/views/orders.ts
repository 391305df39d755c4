import { paymentBadge, statusBadge } from "../../shared/badge.ts";
import { batched } from "../../shared/batch.ts";
import { fill, h } from "../../shared/dom.ts";
import { listen } from "../../shared/live.ts";
import { money } from "../../shared/money.ts";
import { picture } from "../../shared/picture.ts";
import { moment } from "../../shared/time.ts";
import type { OrderSummary } from "../data/orders.ts";
import { emptyState } from "../parts/states.ts";
import type { Page } from "../router.ts";
import { links, type Shop } from "../shop.ts";

/** The visitor's own orders, latest first, each with its state as it is now. */
export const orders = async (shop: Shop): Promise<Page> => {
  const list = h("div");
  const userId = await shop.guest.userId();
  const show = (mine: readonly OrderSummary[]) =>
    fill(
      list,
      mine.length === 0
        ? empty()
        : h(
            "ul",
            { class: "order-list" },
            mine.map((one) => row(shop, one)),
          ),
    );
  show(userId ? await shop.orders.mine(userId) : []);
  return {
    title: "Your orders",
    body: h("div", { class: "narrow" }, h("h1", { tabindex: -1 }, "Your orders"), list),
    ...(userId && { leave: follow(shop, userId, show) }),
  };
};

const follow = (
  shop: Shop,
  userId: string,
  show: (mine: readonly OrderSummary[]) => void,
): (() => void) => {
  const reload = batched(async () => {
    const mine = await shop.orders.mine(userId).catch(() => undefined);
    if (mine) show(mine);
  }, 150);
  return listen(shop.client, {
    topic: `user:${userId}`,
    events: { "order.created": reload, "order.status": reload, "payment.status": reload },
    onJoin: reload,
  });
};

const empty = (): HTMLElement =>
  emptyState({
    symbol: "receipt",
    title: "No orders yet",
    text: "What you order in this browser is listed here.",
    action: h("a", { class: "button", href: links.home }, "Look around"),
  });

const row = (shop: Shop, order: OrderSummary): HTMLElement => {
  const items = order.order_items.toSorted((a, b) => a.position - b.position);
  const [first] = items;
  const others = items.length - 1;
  return h(
    "li",
    {},
    h(
      "a",
      { class: "card order-row", href: links.order(order.id) },
      picture({
        path: first?.image ?? null,
        title: first?.title ?? order.number,
        projectUrl: shop.config.url,
      }),
      h(
        "span",
        { class: "order-row-words" },
        h(
          "span",
          { class: "line-title" },
          first?.title ?? "Order",
          others > 0 && ` and ${others} more`,
        ),
        h("span", { class: "small muted" }, `${order.number} · ${moment(order.placed_at)}`),
        h("span", { class: "badges" }, statusBadge(order.status), paymentBadge(order)),
      ),
      h("strong", { class: "number" }, money(order.total, order.currency)),
    ),
  );
};
