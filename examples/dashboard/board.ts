import type { SupabaseClient } from "@supabase/supabase-js";
import { batched } from "../shared/batch.ts";
import type { PageConfig } from "../shared/config.ts";
import { h, setText } from "../shared/dom.ts";
import { dataOf, Failure } from "../shared/failure.ts";
import type { LiveState } from "../shared/live.ts";
import { minorUnits, roundMoney } from "../shared/money.ts";
import { lowStock } from "./low-stock.ts";
import { minuteChart } from "./minute-chart.ts";
import { createOrderBook } from "./order-book.ts";
import { followOrders } from "./order-feed.ts";
import { orderSheet } from "./order-sheet.ts";
import { orderTable } from "./order-table.ts";

export interface BoardOptions {
  client: SupabaseClient;
  config: PageConfig;
  settings: { name: string; currency: string; low_stock_threshold: number };
  signOut(): void;
}

export interface Board {
  element: HTMLElement;
  /** Leaves the channels and ends the timers. */
  stop(): void;
}

const liveWords: Readonly<Record<LiveState, string>> = {
  live: "Live",
  connecting: "Connecting …",
  offline: "Reconnecting; figures may be old",
};

/** Drawing more often than this shows nothing that an eye could follow. */
const frame = 250;

/** The shop as it runs: orders, money, stock. */
export const board = ({ client, config, settings, signOut }: BoardOptions): Board => {
  const { currency } = settings;
  const book = createOrderBook();
  const table = orderTable();
  const sheet = orderSheet(client, config.url);
  const figures = {
    revenue: figure("Revenue, last hour"),
    orders: figure("Orders, last hour"),
    toShip: figure("To pack and ship"),
    unpaid: figure("Awaiting payment"),
  };
  const revenue = minuteChart({
    title: "Revenue by the minute",
    colour: "--accent",
    format: (amount) => roundMoney(amount, currency),
    least: 10 * minorUnits(currency),
  });
  const orders = minuteChart({
    title: "Orders by the minute",
    colour: "--busy",
    format: String,
    least: 4,
  });

  const draw = () => {
    const now = Date.now();
    table.show(book.rows());
    const minutes = book.minutes(now);
    const money = roundMoney(sum(minutes.revenue), currency);
    const count = sum(minutes.orders);
    setText(figures.revenue.value, money);
    setText(figures.orders.value, String(count));
    revenue.show(minutes.times, minutes.revenue, `${money} in the last hour`);
    orders.show(minutes.times, minutes.orders, `${count} in the last hour`);
  };
  let isDrawn = false;
  const changed = () => {
    if (isDrawn || document.hidden) return;
    isDrawn = true;
    setTimeout(() => {
      isDrawn = false;
      draw();
    }, frame);
  };

  const countOf = async (statuses: readonly string[]): Promise<number> => {
    const { count, error } = await client
      .from("orders")
      .select("id", { count: "exact", head: true })
      .in("status", [...statuses]);
    return error ? Number.NaN : (count ?? 0);
  };
  const recount = batched(async () => {
    const [toShip, unpaid] = await Promise.all([
      countOf(["confirmed", "processing"]),
      countOf(["pending"]),
    ]);
    if (!Number.isNaN(toShip)) setText(figures.toShip.value, toShip.toLocaleString());
    if (!Number.isNaN(unpaid)) setText(figures.unpaid.value, unpaid.toLocaleString());
  }, 1500);

  const live = liveSign();
  const problem = h("p", { class: "notice", "data-tone": "bad", role: "alert", hidden: true });
  const leaveOrders = followOrders({
    client,
    book,
    changed: () => {
      problem.hidden = true;
      changed();
    },
    moved: (orderId) => {
      sheet.moved(orderId);
      recount();
    },
    onState: live.part("orders"),
    failed: (error) => {
      problem.hidden = false;
      setText(problem, error instanceof Failure ? error.message : "Orders could not be read.");
    },
  });
  const stock = lowStock({
    client,
    threshold: settings.low_stock_threshold,
    onState: live.part("stock"),
  });

  // Minutes pass without orders too.
  const tick = setInterval(() => {
    book.prune(Date.now());
    changed();
  }, 5000);
  const events = new AbortController();
  addEventListener("hashchange", sheet.locate, { signal: events.signal });
  document.addEventListener("visibilitychange", changed, { signal: events.signal });
  recount();
  queueMicrotask(sheet.locate);

  const element = h(
    "div",
    { class: "board" },
    h(
      "header",
      { class: "top" },
      h("h1", {}, settings.name),
      live.element,
      h("a", { class: "small", href: "/storefront/" }, "Storefront"),
      h("button", { class: "link-button small", type: "button", onclick: signOut }, "Sign out"),
    ),
    h(
      "main",
      {},
      problem,
      h(
        "dl",
        { class: "figures" },
        Object.values(figures).map((one) => one.element),
      ),
      h("div", { class: "charts" }, revenue.element, orders.element),
      h(
        "div",
        { class: "columns" },
        h(
          "section",
          { class: "panel", "aria-label": "Latest orders" },
          h("div", { class: "panel-head" }, h("h2", {}, "Latest orders"), table.waiting),
          table.element,
        ),
        stock.element,
      ),
    ),
    sheet.element,
  );
  return {
    element,
    stop: () => {
      leaveOrders();
      stock.stop();
      clearInterval(tick);
      events.abort();
    },
  };
};

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const figure = (label: string) => {
  const value = h("dd", { class: "number" }, "–");
  return {
    value,
    element: h("div", { class: "panel" }, h("dt", { class: "small muted" }, label), value),
  };
};

/** Whether what is on the screen is now: the worst of the channels it lives from. */
const liveSign = () => {
  const states = new Map<string, LiveState>();
  const dot = h("span", { class: "live-dot", "data-state": "connecting" });
  const text = h("span", {}, liveWords.connecting);
  const show = () => {
    const all = [...states.values()];
    const state = (["offline", "connecting", "live"] as const).find((one) => all.includes(one));
    dot.dataset.state = state ?? "connecting";
    setText(text, liveWords[state ?? "connecting"]);
  };
  return {
    element: h("span", { class: "live small", role: "status" }, dot, text),
    part: (name: string) => (state: LiveState) => {
      states.set(name, state);
      show();
    },
  };
};

/** What the board needs to know about the shop. */
export const readBoardSettings = (client: SupabaseClient): Promise<BoardOptions["settings"]> =>
  dataOf(
    client
      .from("shop_settings")
      .select("name,currency,low_stock_threshold")
      .single()
      .overrideTypes<BoardOptions["settings"], { merge: false }>(),
  );
